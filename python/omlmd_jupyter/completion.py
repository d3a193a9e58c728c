"""Completion of ``%omlmd`` lines: verbs, flags, formats, and the variables that can be pushed. Starts no program."""

from __future__ import annotations

import re
import types
from typing import Any, Callable, Iterable, List, Mapping

from .saving import SAVERS
from .verbs import VERBS

# Also after an assignment, as in `r = %omlmd pu`.
_LINE = re.compile(r"^\s*(?:[\w.,\s]+=\s*)?%{1,2}omlmd[ \t]+(?P<rest>.*)$")


def complete(line: str, variables: Mapping[str, Any]) -> List[str]:
    """What can follow at the end of ``line``, which ends where the cursor is."""
    match = _LINE.match(line)
    if match is None:
        return []
    words = match.group("rest").split(" ")
    before, word = [w for w in words[:-1] if w], words[-1]
    return [candidate for candidate in _candidates(before, word, variables) if candidate.startswith(word)]


def _candidates(before: List[str], word: str, variables: Mapping[str, Any]) -> Iterable[str]:
    if not before:
        return VERBS
    verb = VERBS.get(before[0])
    if verb is None:
        return ()
    if before[0] == "push" and before[-1] == "--model":
        return _models(variables)
    if before[0] == "push" and before[-1] == "--format":
        return ("auto", *(saver.id for saver in SAVERS))
    if word.startswith("-"):
        return verb.flags()
    if len(before) == 1 and before[0] == "help":
        return VERBS
    return verb.words if len(before) == 1 else ()


def _models(variables: Mapping[str, Any]) -> List[str]:
    """Names of variables that may hold a model: not private, not a module, class or function."""
    skipped = (types.ModuleType, type, types.FunctionType, types.BuiltinFunctionType, types.MethodType)
    return sorted(
        name
        for name, value in variables.items()
        if not name.startswith("_") and not isinstance(value, skipped) and name not in ("In", "Out", "exit", "quit", "get_ipython")
    )


def make_matcher(shell: Any) -> Callable[[Any], Any]:
    """The IPython matcher to append to ``shell.Completer.custom_matchers``."""
    from IPython.core.completer import SimpleCompletion, context_matcher

    @context_matcher()
    def omlmd_matcher(context: Any) -> Any:
        """Completes the lines of the omlmd magics."""
        found = complete(context.text_until_cursor, shell.user_ns)
        # Where nothing of ours fits, IPython's own completion of file names is what is wanted.
        return {"completions": [SimpleCompletion(text=text, type="param") for text in found], "suppress": bool(found)}

    return omlmd_matcher
