"""Reads the line of a magic: words, verb, and the few flags that are the magic's own."""

from __future__ import annotations

import os
import shlex
from dataclasses import dataclass
from typing import List, Optional, Sequence, Tuple

from .errors import OmlmdError
from .verbs import SECOND_WORDS, VERBS

SECRET_FLAGS = ("--password", "--identity-token", "-p")
STDIN_FLAGS = {"--password-stdin": "password", "--identity-token-stdin": "identity token"}


@dataclass(frozen=True)
class Request:
    """What a line asks for. ``args`` go to the CLI as they are."""

    verb: Tuple[str, ...]
    args: Tuple[str, ...]
    #: Variable to save and push.
    model: Optional[str] = None
    #: Format to save it in.
    format: str = "auto"
    #: The line ended with ``;``: nothing is displayed.
    quiet: bool = False
    #: What is asked for at a hidden prompt and given to the CLI's stdin.
    asks: Optional[str] = None


def parse(line: str) -> Request:
    """The request of a line. An empty line asks for help."""
    text = line.strip()
    quiet = text.endswith(";")
    words = split(text.rstrip("; \t") if quiet else text)
    if not words:
        return Request(("help",), (), quiet=quiet)
    verb, args = _verb(words)
    if "-h" in args or "--help" in args:
        return Request(("help",), verb)
    _refuse_secrets(verb, args)
    if _value_of("--progress", args) is not None:
        raise OmlmdError(
            f"%omlmd {verb[0]}: --progress is not for notebooks", code="usage", hint="leave it out: progress is shown"
        )
    model, format = None, "auto"
    if verb[0] == "push":
        model, args = _take("--model", args)
        chosen, args = _take("--format", args)
        format = chosen or "auto"
        if chosen is not None and model is None:
            raise OmlmdError(
                "%omlmd push: --format says how to save a variable, and there is no --model",
                code="usage",
                hint="%omlmd push REF --model VAR --format joblib",
            )
    return Request(verb, tuple(args), model, format, quiet, _asks(verb, args))


def split(text: str, windows: bool = os.name == "nt") -> List[str]:
    """The words of a line, as a POSIX shell would quote them; on Windows a backslash is a backslash."""
    lexer = shlex.shlex(text, posix=True, punctuation_chars="")
    lexer.whitespace_split = True
    lexer.commenters = ""
    if windows:
        lexer.escape = ""
    try:
        return list(lexer)
    except ValueError as error:
        raise OmlmdError(
            f"%omlmd {text}: {str(error).lower()}",
            code="usage",
            hint="""a name with a ' or a " in it goes between the other kind of quotes: "my model's.onnx" """.strip(),
        ) from None


def positionals(verb: str, args: Sequence[str]) -> List[int]:
    """Indexes of the arguments that are neither a flag nor the value of one."""
    known = VERBS.get(verb)
    valued = known.valued_flags() if known else frozenset()
    found: List[int] = []
    only_positionals = skip = False
    for index, word in enumerate(args):
        if skip:
            skip = False
        elif only_positionals or not word.startswith("-") or word == "-":
            found.append(index)
        elif word == "--":
            only_positionals = True
        else:
            skip = word in valued
    return found


def _verb(words: List[str]) -> Tuple[Tuple[str, ...], List[str]]:
    first = words[0]
    if first.startswith("-"):
        if first in ("-h", "--help"):
            return ("help",), words[1:]
        raise OmlmdError(
            f"%omlmd {first}: the verb comes first", code="usage", hint="for example: %omlmd push local/iris:v1 --model clf"
        )
    if first in SECOND_WORDS and len(words) > 1 and not words[1].startswith("-"):
        return (first, words[1]), words[2:]
    return (first,), words[1:]


def _take(flag: str, args: Sequence[str]) -> Tuple[Optional[str], List[str]]:
    """The value of a flag of the magic's own, and the arguments without it."""
    rest: List[str] = []
    value: Optional[str] = None
    words = iter(args)
    for word in words:
        if word == "--":
            rest.extend((word, *words))
            break
        if word == flag:
            value = next(words, "")
        elif word.startswith(flag + "="):
            value = word[len(flag) + 1 :]
        else:
            rest.append(word)
            continue
        if not value:
            raise OmlmdError(f"%omlmd: {flag} needs a value", code="usage", hint="%omlmd help push")
    return value, rest


def _value_of(flag: str, args: Sequence[str]) -> Optional[str]:
    return next((word for word in args if word == flag or word.startswith(flag + "=")), None)


def _refuse_secrets(verb: Sequence[str], args: Sequence[str]) -> None:
    """What is on the line is in the notebook, in the history and in the process list."""
    for index, word in enumerate(args):
        if word.partition("=")[0] in SECRET_FLAGS or _is_authorization(word, args[index + 1 : index + 2]):
            raise OmlmdError(
                f"%omlmd {verb[0]}: a secret on the line would be saved with the notebook",
                code="usage",
                hint="use %omlmd login HOST -u USER: it asks for the password at a hidden prompt",
            )


def _is_authorization(word: str, following: Sequence[str]) -> bool:
    if word in ("-H", "--header"):
        header = "".join(following)
    elif word.startswith("--header="):
        header = word[len("--header=") :]
    else:
        header = word[2:] if word.startswith("-H") else ""
    return header.partition(":")[0].strip().lower() in ("authorization", "proxy-authorization", "cookie")


def _asks(verb: Sequence[str], args: Sequence[str]) -> Optional[str]:
    for flag, what in STDIN_FLAGS.items():
        if flag in args:
            return what
    return "password" if verb[0] == "login" else None
