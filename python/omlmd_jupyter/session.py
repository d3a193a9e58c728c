"""The verbs as Python calls: what the magics and the SDK have in common."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, Callable, List, Optional, Sequence, Union

from .errors import OmlmdCancelled, OmlmdError
from .line import positionals
from .progress import LiveProgress, NotebookScreen, Screen, TerminalScreen
from .result import Listing, Result, result_of
from .runner import Runner
from .staging import own_sidecar, stage_metadata, stage_variable, staging

#: Flags that say where the metadata comes from, so that a cell's cannot be merged.
OTHER_METADATA = ("-m", "--metadata", "--empty-metadata", "-f", "--file")

ScreenMaker = Callable[[], Optional[Screen]]


def default_screen() -> Optional[Screen]:
    """A display in a notebook, a line on a terminal, nothing elsewhere."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    if getattr(shell, "kernel", None) is not None:
        return NotebookScreen()
    return TerminalScreen() if sys.stderr.isatty() else None


class Session:
    """Runs verbs and shows their progress."""

    def __init__(self, runner: Optional[Runner] = None, screen: ScreenMaker = default_screen) -> None:
        self.runner = runner or Runner()
        self._screen = screen

    def call(
        self, verb: Sequence[str], args: Sequence[str], *, secret: Optional[str] = None, shown_as: Optional[str] = None
    ) -> Union[Result, Listing]:
        """Runs a verb of the CLI and gives its document."""
        progress = LiveProgress(shown_as or " ".join(verb), self._screen())
        state = "failed"
        try:
            answer = self.runner.run(verb, args, secret=secret, on_event=progress.listen)
            state = "done"
        except OmlmdCancelled:
            state = "cancelled"
            raise
        finally:
            progress.finish(state)
        return result_of(" ".join(verb), answer)

    def push_variable(
        self,
        args: Sequence[str],
        value: Any,
        name: str,
        *,
        format: str = "auto",
        metadata: Optional[str] = None,
        secret: Optional[str] = None,
    ) -> Union[Result, Listing]:
        """Saves a variable in a private folder and pushes the file; ``metadata`` is merged over what is read from it."""
        with staging() as folder:
            file = stage_variable(value, name, folder, format)
            if metadata is not None:
                file = _with_metadata(file, args, metadata, folder)
            return self.call(("push",), [*args, str(file)], secret=secret)

    def push_path(
        self, args: Sequence[str], metadata: str, *, secret: Optional[str] = None
    ) -> Union[Result, Listing]:
        """Pushes the file that ``args`` name, with metadata merged over what is read from it."""
        places = positionals("push", args)
        if len(places) != 2:
            raise OmlmdError(
                "%%omlmd push: the metadata in the cell is for one model",
                code="usage",
                hint="%%omlmd push REF --model VAR, or %%omlmd push REF PATH",
            )
        index = places[1]
        path, media_type = _split_type(args[index])
        if not path.exists():
            raise OmlmdError(f"push {path}: there is no such file or folder", code="not-found")
        with staging() as folder:
            staged = _with_metadata(path.absolute(), args, metadata, folder)
            words: List[str] = [*args[:index], f"{staged}{media_type}", *args[index + 1 :]]
            return self.call(("push",), words, secret=secret)


def _with_metadata(file: Path, args: Sequence[str], metadata: str, folder: Path) -> Path:
    for word in args:
        if word.partition("=")[0] in OTHER_METADATA:
            raise OmlmdError(
                f"%%omlmd push: metadata in the cell and {word} exclude each other",
                code="usage",
                hint="leave one of them out",
            )
    replaced = own_sidecar(file) if file.parent != folder else None
    if replaced is not None:
        print(f"omlmd: warning: {replaced.name} is not read: the metadata in the cell takes its place", file=sys.stderr)
    return stage_metadata(file, metadata, folder)


def _split_type(word: str) -> "tuple[Path, str]":
    """``PATH[:TYPE]`` as the CLI reads it: as it stands if it exists, else the last ``:`` starts a type with a ``/``."""
    path, colon, media_type = word.rpartition(":")
    if Path(word).exists() or not colon or "/" not in media_type or not path:
        return Path(word), ""
    return Path(path), colon + media_type
