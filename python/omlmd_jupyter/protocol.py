"""The CLI's ``--progress jsonl``: one JSON object a line, and at the end exactly one result or error.

The lines come from our own program, but they carry text from registries and model files, and a broken or replaced
program can print anything: what does not fit the protocol is dropped, and never raises past this module.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field
from typing import Any, Dict, List, Mapping, Optional

MAX_LINE_BYTES = 256 * 1024 * 1024
"""Longest line read, a crawl's result included. Stops a program that never ends its line from filling the memory."""

MAX_WARNINGS = 1000
"""Warnings kept. Stops an artifact with a million odd files from filling the notebook."""

EVENTS = frozenset({"start", "log", "progress", "warning", "result", "error"})


@dataclass(frozen=True)
class Event:
    """One line: its kind and the rest of its keys."""

    kind: str
    fields: Mapping[str, Any]

    def text(self, key: str) -> Optional[str]:
        """The value of ``key`` if it is text."""
        value = self.fields.get(key)
        return value if isinstance(value, str) else None

    def count(self, key: str) -> Optional[float]:
        """The value of ``key`` if it is a finite number that is not negative."""
        value = self.fields.get(key)
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            return None
        if value < 0 or (isinstance(value, float) and not math.isfinite(value)):
            return None
        return value


def parse_line(line: bytes) -> Optional[Event]:
    """The event that a line holds, or ``None`` for anything else."""
    if len(line) > MAX_LINE_BYTES:
        return None
    try:
        document = json.loads(line)
    except (ValueError, RecursionError):  # not JSON, not UTF-8, a number of 5,000 digits, 100,000 brackets
        return None
    if not isinstance(document, dict) or type(document.get("v")) is not int or document["v"] != 1:
        return None
    kind = document.get("event")
    if not isinstance(kind, str) or kind not in EVENTS:
        return None
    return Event(kind, {key: value for key, value in document.items() if key not in ("v", "event")})


@dataclass
class Transcript:
    """What was heard from one run of the CLI."""

    final: Optional[Event] = None
    warnings: List[Dict[str, Optional[str]]] = field(default_factory=list)

    def accept(self, event: Event) -> bool:
        """Notes an event; false for one that comes after the end, which is to be ignored."""
        if self.final is not None:
            return False
        if event.kind in ("result", "error"):
            self.final = event
        elif event.kind == "warning" and len(self.warnings) < MAX_WARNINGS:
            self.warnings.append({"code": event.text("code"), "message": event.text("message")})
        return True
