"""ML models and their metadata as OCI artifacts, in notebooks: ``%load_ext omlmd_jupyter``, then ``%omlmd help``.

Independent of, and compatible with, the PyPI package ``omlmd``.
"""

from __future__ import annotations

from typing import Any

from .errors import OmlmdCancelled, OmlmdError
from .result import Listing, Result
from .sdk import inspect, ls, pull, push

__version__ = "0.1.0"

__all__ = [
    "Listing",
    "OmlmdCancelled",
    "OmlmdError",
    "Result",
    "inspect",
    "load_ipython_extension",
    "ls",
    "pull",
    "push",
    "unload_ipython_extension",
]


def load_ipython_extension(shell: Any) -> None:
    """Called by ``%load_ext omlmd_jupyter``: registers the magics and their completion."""
    from .completion import make_matcher
    from .magics import OmlmdMagics

    unload_ipython_extension(shell)
    shell.register_magics(OmlmdMagics(shell))
    completer = getattr(shell, "Completer", None)
    if completer is not None:
        completer.custom_matchers.append(make_matcher(shell))


def unload_ipython_extension(shell: Any) -> None:
    """Called by ``%unload_ext``, and before a reload, so that completions do not come twice."""
    completer = getattr(shell, "Completer", None)
    if completer is not None:
        ours = [m for m in completer.custom_matchers if getattr(m, "__name__", "") == "omlmd_matcher"]
        for matcher in ours:
            completer.custom_matchers.remove(matcher)
    for kind in ("line", "cell"):
        shell.magics_manager.magics[kind].pop("omlmd", None)
