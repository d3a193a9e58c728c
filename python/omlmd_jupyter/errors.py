"""What a failed or cancelled call raises. Both end the cell with two lines instead of a traceback."""

from __future__ import annotations

from typing import List, Optional

from .escaping import escape_controls


class OmlmdError(Exception):
    """A call that failed: what was being done and what was wrong, and a hint that can be acted on."""

    def __init__(
        self, message: str, *, code: str = "internal", hint: Optional[str] = None, retryable: bool = False
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.hint = hint
        self.retryable = retryable

    def _render_traceback_(self) -> List[str]:
        # IPython prints these lines in place of the stack and still marks the cell as failed, so "Run All" stops.
        return [f"omlmd: {_one_line(self.message)}", _one_line(self.hint or f"error code: {self.code}")]

    def __str__(self) -> str:
        return self.message if self.hint is None else f"{self.message} ({self.hint})"


class OmlmdCancelled(KeyboardInterrupt):
    """The kernel was interrupted. Not an ``Exception``: a loop that survives failed pushes still stops."""

    def __init__(self, message: str, detail: str) -> None:
        super().__init__(message)
        self.message = message
        self.detail = detail

    def _render_traceback_(self) -> List[str]:
        return [f"omlmd: {_one_line(self.message)}", _one_line(self.detail)]


def _one_line(text: str) -> str:
    return escape_controls(" ".join(text.split("\n")).strip())
