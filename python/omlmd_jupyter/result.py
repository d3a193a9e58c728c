"""What a verb gives back: a document to read like a mapping or a list, which shows itself in a notebook."""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, List, Optional, Union

from .rendering import render_html, render_text
from .runner import Answer
from .view import SECTIONS, dicts_in, flat_row, view_of

MIME_TYPE = "application/vnd.omlmd.artifact+json"
"""Of notebook outputs only, for editors that add buttons; never an OCI media type."""


class _Shown:
    """The part that results and listings share: the document and how it is displayed."""

    def __init__(self, verb: str, answer: Answer) -> None:
        self.verb = verb
        #: The CLI's JSON document, as it came.
        self.data = answer.data
        #: ``{"code": …, "message": …}`` each.
        self.warnings = answer.warnings
        #: The CLI's exit status; 1 for ``validate`` with errors and ``diff --exit-code`` with differences.
        self.status = answer.status
        self._hidden: Callable[[], bool] = _never

    def hide_while(self, hidden: Callable[[], bool]) -> None:
        """Displays nothing as long as ``hidden`` says so: the cell ended with ``;``."""
        self._hidden = hidden

    def __repr__(self) -> str:
        return render_text(view_of(self.verb, self.data))

    def _ipython_display_(self) -> None:
        # NotImplementedError is how IPython is told to go on with the representations below.
        if not self._hidden():
            raise NotImplementedError

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> Dict[str, Any]:
        view = view_of(self.verb, self.data)
        bundle: Dict[str, Any] = {"text/plain": render_text(view), "text/html": render_html(view)}
        if isinstance(self.data, dict) and "digest" in self.data:
            bundle[MIME_TYPE] = {"v": 1, "verb": self.verb, "data": self.data}
        return bundle

    def _rows(self) -> List[Dict[str, Any]]:
        return [flat_row(row) for row in _records(self.verb, self.data)]

    def to_frame(self) -> Any:
        """One row an artifact (a change, for ``diff``): a pandas or polars DataFrame, else a list of dicts."""
        rows = self._rows()
        for library in ("pandas", "polars"):
            try:
                return importlib.import_module(library).DataFrame(rows)
            except ImportError:
                continue
        return rows


class Result(_Shown, Mapping):
    """The document of one artifact, file or comparison. ``result["key"]`` reads any of its keys."""

    @property
    def reference(self) -> Optional[str]:
        """The artifact's reference."""
        return self.get("reference")

    @property
    def digest(self) -> Optional[str]:
        """The digest of the artifact's manifest."""
        return self.get("digest")

    @property
    def metadata(self) -> Dict[str, Any]:
        """The seven metadata fields; empty for verbs without metadata."""
        metadata = self.get("metadata")
        return metadata if isinstance(metadata, dict) else {}

    @property
    def files(self) -> List[Dict[str, Any]]:
        """One dict a file, in manifest order."""
        files = self.get("files")
        return files if isinstance(files, list) else []

    @property
    def paths(self) -> List[Path]:
        """Where the files lie on this machine."""
        return [Path(file["path"]) for file in self.files if isinstance(file.get("path"), str)]

    def _document(self) -> Dict[str, Any]:
        return self.data if isinstance(self.data, dict) else {}

    def __getitem__(self, key: str) -> Any:
        return self._document()[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._document())

    def __len__(self) -> int:
        return len(self._document())

    def __bool__(self) -> bool:
        return True


class Listing(_Shown, Sequence):
    """A list of documents, for example the versions in a repository."""

    def __getitem__(self, index: Any) -> Any:
        return self.data[index]

    def __len__(self) -> int:
        return len(self.data)


def result_of(verb: str, answer: Answer) -> Union[Result, Listing]:
    """The result object for the CLI's answer."""
    return Listing(verb, answer) if isinstance(answer.data, list) else Result(verb, answer)


def _never() -> bool:
    return False


def _records(verb: str, data: Any) -> List[Dict[str, Any]]:
    if verb == "diff" and isinstance(data, dict):
        return [{"section": s, **row} for s in SECTIONS for row in dicts_in(data.get(s))]
    if isinstance(data, list):
        return [row if isinstance(row, dict) else {"value": row} for row in data]
    return [data] if isinstance(data, dict) else [{"value": data}]
