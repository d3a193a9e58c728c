"""Live progress without widgets: one display that is updated in place, or one line of a terminal."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass
from typing import Any, Callable, Dict, Optional, Protocol

from .escaping import shown, to_html
from .protocol import Event
from .view import size_text

UPDATE_SECONDS = 0.1
"""Shortest time between two updates. More would flood the browser and grow a notebook that records outputs."""

DELAY_SECONDS = 0.3
"""Calls that are over by then show no progress at all."""

MAX_ITEMS = 10_000
"""Files followed at once. Stops an artifact with a million layers from filling the memory."""

KINDS = {
    "hash": "hashing",
    "upload": "uploading",
    "download": "downloading",
    "copy": "copying",
    "verify": "verifying",
    "read": "reading",
}


@dataclass(frozen=True)
class Item:
    """One file or layer on its way. ``total`` and ``rate`` (bytes a second) are ``None`` while unknown."""

    name: str
    kind: str
    bytes: float
    total: Optional[float]
    rate: Optional[float]


class Progress:
    """What is known about a running verb. Shows itself in a notebook and in a terminal."""

    def __init__(self, doing: str) -> None:
        self.doing = doing
        self.state = "running"
        self._items: Dict[str, Item] = {}
        self._current: Optional[Item] = None

    def accept(self, event: Event) -> None:
        """Notes a ``progress`` event; one with no id or no bytes is passed over."""
        key, done = event.text("id"), event.count("bytes")
        if key is None or done is None or (key not in self._items and len(self._items) >= MAX_ITEMS):
            return
        total = event.count("total")
        item = Item(
            event.text("name") or key, event.text("kind") or "", done if total is None else min(done, total), total,
            event.count("rate"),
        )  # fmt: skip
        # Hashing and uploading the same file are two passes over its bytes: the later one replaces the earlier.
        self._items[key] = item
        self._current = item

    @property
    def started(self) -> bool:
        """Whether there is anything to show."""
        return self._current is not None

    @property
    def fraction(self) -> Optional[float]:
        """Part done of everything whose size is known, 0 to 1."""
        total = sum(item.total for item in self._items.values() if item.total is not None)
        if total <= 0:
            return None
        return sum(item.bytes for item in self._items.values() if item.total is not None) / total

    def line(self) -> str:
        """The state in one line of plain text; foreign names are escaped."""
        if self.state != "running":
            moved = sum(item.bytes for item in self._items.values())
            return f"{self.doing} {self.state} · {size_text(moved)}"
        item = self._current
        if item is None:
            return f"{self.doing} …"
        parts = [f"{self.doing}: {KINDS.get(item.kind, 'working on')} {shown(item.name, 80)}"]
        if item.total is None:
            parts.append(size_text(item.bytes))
        else:
            parts.append(f"{size_text(item.bytes)} of {size_text(item.total)}")
        if item.rate:
            parts.append(f"{size_text(item.rate)}/s")
            if item.total is not None:
                parts.append(f"{_duration((item.total - item.bytes) / item.rate)} left")
        return " · ".join(parts)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> Dict[str, str]:
        line = self.line()
        bar = ""
        if self.state == "running":
            fraction = self.fraction
            value = "" if fraction is None else f' value="{fraction:.4f}"'
            bar = f'<progress max="1"{value} style="width:16em;vertical-align:middle"></progress> '
        # A live region: a screen reader reads the line when it is idle.
        return {"text/plain": line, "text/html": f'<div role="status">{bar}{to_html(line)}</div>'}


class Screen(Protocol):
    """Where progress is drawn."""

    def draw(self, progress: Progress) -> None:
        """Replaces what was drawn before."""

    def clear(self) -> None:
        """Takes away what was drawn."""


class NotebookScreen:
    """A display output that is updated in place; the notebook keeps its last state."""

    def __init__(self) -> None:
        self._handle: Any = None

    def draw(self, progress: Progress) -> None:
        """Shows the progress below the cell."""
        from IPython.display import display

        if self._handle is None:
            self._handle = display(progress, display_id=True)
        else:
            self._handle.update(progress)

    def clear(self) -> None:
        """Leaves the last state: an output that vanishes makes the page jump."""


class TerminalScreen:
    """One line of stderr that is overwritten."""

    def draw(self, progress: Progress) -> None:
        """Overwrites the line."""
        sys.stderr.write(f"\r\x1b[K{progress.line()[:120]}")
        sys.stderr.flush()

    def clear(self) -> None:
        """Removes the line."""
        sys.stderr.write("\r\x1b[K")
        sys.stderr.flush()


class LiveProgress:
    """Draws the progress of one run, not too often; warnings go to stderr as they come."""

    def __init__(self, doing: str, screen: Optional[Screen], clock: Callable[[], float] = time.monotonic) -> None:
        self._progress = Progress(doing)
        self._screen = screen
        self._clock = clock
        self._next = clock() + DELAY_SECONDS
        self._drawn = False

    def listen(self, event: Event) -> None:
        """Takes every event of the run."""
        if event.kind == "warning":
            print(f"omlmd: warning: {shown(event.text('message') or event.text('code') or '')}", file=sys.stderr)
        elif event.kind == "progress":
            self._progress.accept(event)
            if self._progress.started and self._clock() >= self._next:
                self._draw()

    def finish(self, state: str) -> None:
        """Draws the last state (``done``, ``failed``, ``cancelled``), if anything was drawn."""
        self._progress.state = state
        if self._drawn and self._screen is not None:
            self._draw()
            self._screen.clear()

    def _draw(self) -> None:
        if self._screen is None:
            return
        self._screen.draw(self._progress)
        self._drawn = True
        self._next = self._clock() + UPDATE_SECONDS


def _duration(seconds: float) -> str:
    if seconds >= 3600:
        return f"{int(seconds // 3600)} h {int(seconds % 3600 // 60)} min"
    return f"{int(seconds // 60)} min {int(seconds % 60)} s" if seconds >= 60 else f"{max(1, round(seconds))} s"
