"""A CLI document as something to show: a title, facts and tables of plain text. Escaping is left to ``rendering``."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Dict, List, Mapping, Sequence, Tuple

Row = Tuple[str, ...]


@dataclass(frozen=True)
class Table:
    """Rows under a heading. ``folded`` tables are closed until a reader opens them."""

    heading: str
    columns: Row
    rows: Sequence[Row]
    folded: bool = False


@dataclass(frozen=True)
class View:
    """What a result shows."""

    title: str
    facts: Sequence[Tuple[str, str]] = ()
    tables: Sequence[Table] = ()


FIELDS = ("name", "description", "author", "uri", "model_format_name", "model_format_version")
SECTIONS = ("metadata", "files", "annotations", "models")
"""The parts of a comparison."""

DONE = {"push": "Pushed", "pull": "Pulled", "cp": "Copied", "inspect": "Artifact"}


def view_of(verb: str, data: Any) -> View:
    """The view of the document that a verb gave. Any JSON has one: keys that are not there are left out."""
    if isinstance(data, list):
        return _rows(verb, data)
    if not isinstance(data, dict):
        return View(f"omlmd {verb}", [("result", text_of(data))])
    if verb == "diff":
        return _difference(data)
    if "digest" in data and "reference" in data:
        return _artifact(verb, data)
    if "path" in data and "metadata" in data:
        return _model_file(data)
    return View(f"omlmd {verb}", [(key, text_of(value)) for key, value in data.items()])


def text_of(value: Any) -> str:
    """A JSON value in few characters: text as it is, the rest as JSON."""
    if isinstance(value, str):
        return value
    return "" if value is None else json.dumps(value, ensure_ascii=False)


def size_text(size: Any) -> str:
    """Bytes for a person, in decimal units."""
    if isinstance(size, bool) or not isinstance(size, (int, float)) or size != size:
        return ""
    amount = float(size)
    for unit in ("B", "kB", "MB", "GB"):
        if amount < 1000:
            return f"{int(amount)} B" if unit == "B" else f"{amount:.1f} {unit}"
        amount /= 1000
    return f"{amount:.1f} TB"


def flat_metadata(metadata: Any) -> Dict[str, Any]:
    """The metadata that is set, custom properties by their dotted names after the fields."""
    if not isinstance(metadata, dict):
        return {}
    flat = {key: metadata[key] for key in FIELDS if metadata.get(key) is not None}
    custom = metadata.get("customProperties")
    if isinstance(custom, dict):
        for key, value in custom.items():
            flat.update(_flat(str(key), value))
    return flat


def dicts_in(value: Any) -> List[Dict[str, Any]]:
    """The objects in a JSON list; nothing for any other JSON."""
    return [entry for entry in value if isinstance(entry, dict)] if isinstance(value, list) else []


def _flat(key: str, value: Any) -> Dict[str, Any]:
    # One level: `metrics.auc` is worth a row of its own, what lies deeper is shown as JSON.
    if isinstance(value, dict) and value:
        return {f"{key}.{inner}": deeper for inner, deeper in value.items()}
    return {key: value}


def _metadata_table(metadata: Any) -> List[Table]:
    rows = [(key, text_of(value)) for key, value in flat_metadata(metadata).items()]
    return [Table("Metadata", ("field", "value"), rows)] if rows else []


def _files_table(files: Any, folded: bool) -> List[Table]:
    entries = dicts_in(files)
    if not entries:
        return []
    columns = ("title", "size", "mediaType", "state", "digest")
    present = [column for column in columns if any(entry.get(column) is not None for entry in entries)]
    rows = [tuple(_cell(column, entry.get(column)) for column in present) for entry in entries]
    return [Table("Files", tuple(present), rows, folded)]


def _findings_table(findings: Any) -> List[Table]:
    entries = dicts_in(findings)
    columns = ("severity", "code", "message", "where")
    rows = [tuple(text_of(entry.get(c)) for c in columns) for entry in entries]
    return [Table("Findings", columns, rows)] if rows else []


def _cell(column: str, value: Any) -> str:
    if column == "size":
        return size_text(value)
    # Enough of a digest to tell two apart in a table; the data has all of it.
    return text_of(value)[:19] if column == "digest" else text_of(value)


def _annotations_table(annotations: Any) -> List[Table]:
    if not isinstance(annotations, dict) or not annotations:
        return []
    rows = [(str(key), text_of(value)) for key, value in annotations.items()]
    return [Table("Annotations", ("key", "value"), rows, folded=True)]


def _artifact(verb: str, data: Mapping[str, Any]) -> View:
    facts = [("digest", text_of(data.get("digest")))]
    if data.get("size") is not None:
        facts.append(("size", size_text(data.get("size"))))
    tags = data.get("tags")
    if isinstance(tags, list) and len(tags) > 1:
        facts.append(("tags", ", ".join(map(text_of, tags))))
    findings = [finding for model in dicts_in(data.get("models")) for finding in dicts_in(model.get("findings"))]
    tables = [
        *_metadata_table(data.get("metadata")),
        *_files_table(data.get("files"), folded=verb == "push"),
        *_findings_table(findings),
        *_annotations_table(data.get("annotations")),
    ]
    return View(f"{DONE.get(verb, 'omlmd ' + verb)} {text_of(data.get('reference'))}", facts, tables)


def _model_file(data: Mapping[str, Any]) -> View:
    facts = [("size", size_text(data["size"]))] if "size" in data else []
    tables = [*_metadata_table(data.get("metadata")), *_findings_table(data.get("findings"))]
    return View(text_of(data["path"]), facts, tables)


def _difference(data: Mapping[str, Any]) -> View:
    tables = []
    for section in SECTIONS:
        entries = dicts_in(data.get(section))
        rows = [
            (text_of(e.get("path", e.get("title", e.get("key")))), _side(e.get("a")), _side(e.get("b")), text_of(e.get("kind")))
            for e in entries
        ]
        if rows:
            tables.append(Table(section.capitalize(), ("path", "a", "b", "kind"), rows))
    facts = [("a", _side(data.get("a"))), ("b", _side(data.get("b")))]
    return View("Differences" if tables else "No differences", facts, tables)


def _side(value: Any) -> str:
    if isinstance(value, dict):
        for key in ("reference", "digest"):  # of an artifact, of a file
            if isinstance(value.get(key), str):
                return value[key]
    return text_of(value)


def _rows(verb: str, data: Sequence[Any]) -> View:
    if not data:
        return View(f"omlmd {verb}: nothing found")
    if not all(isinstance(row, dict) for row in data):
        return View(f"omlmd {verb}", [], [Table("", ("value",), [(text_of(row),) for row in data])])
    flat = [flat_row(row) for row in data]
    columns = list(dict.fromkeys(key for row in flat for key, value in row.items() if value is not None))
    rows = [tuple(_cell(column, row.get(column)) for column in columns) for row in flat]
    return View(f"{len(data)} {'entry' if len(data) == 1 else 'entries'}", [], [Table("", tuple(columns), rows)])


def flat_row(row: Mapping[str, Any]) -> Dict[str, Any]:
    """One artifact as the columns of a table: its own keys, then its metadata's."""
    flat = {str(key): value for key, value in row.items() if key not in ("metadata", "files", "annotations", "models")}
    return {**flat, **flat_metadata(row.get("metadata"))}
