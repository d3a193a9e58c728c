"""Python calls for scripts and notebooks, thin over the same CLI."""

from __future__ import annotations

import json
import os
from typing import Any, Iterable, List, Mapping, Optional, Union

from .result import Listing, Result
from .session import Session


def push(
    reference: str,
    model: Any,
    *,
    name: str = "model",
    format: str = "auto",
    metadata: Optional[Mapping[str, Any]] = None,
    args: Iterable[str] = (),
    session: Optional[Session] = None,
) -> Union[Result, Listing]:
    """Pushes a model: an object, which is saved as ``name`` in the format that fits it, or the path of a file or folder.

    ``metadata`` is merged over what is read from the model. ``args`` are more flags of ``omlmd push``.
    """
    # JSON is YAML, so this is the text of an .omlmd.yaml.
    body = None if metadata is None else json.dumps(dict(metadata), ensure_ascii=False)
    return (session or Session()).push_variable(
        [*args, _positional(reference)], model, name, format=format, metadata=body
    )


def pull(
    reference: str,
    output: "Union[str, os.PathLike[str]]" = ".",
    *,
    args: Iterable[str] = (),
    session: Optional[Session] = None,
) -> Union[Result, Listing]:
    """Fetches an artifact's files into ``output`` and checks them."""
    words = [*args, "--output", os.fspath(output), _positional(reference)]
    return (session or Session()).call(("pull",), words)


def inspect(
    target: "Union[str, os.PathLike[str]]", *, args: Iterable[str] = (), session: Optional[Session] = None
) -> Union[Result, Listing]:
    """What an artifact or a model file is, without its weights."""
    return (session or Session()).call(("inspect",), [*args, _positional(os.fspath(target))])


def ls(
    place: str = "local", *, args: Iterable[str] = (), session: Optional[Session] = None
) -> Union[Result, Listing]:
    """Repositories of a registry or of the local store, or the versions in a repository."""
    words: List[str] = [*args, _positional(place)]
    return (session or Session()).call(("ls",), words)


def _positional(word: str) -> str:
    """A value that must not be read as a flag."""
    if word.startswith("-"):
        raise ValueError(f"{word!r} begins with '-'")
    return word
