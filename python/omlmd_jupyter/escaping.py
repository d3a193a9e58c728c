"""Foreign text made safe to show: in a terminal, in HTML, in a message."""

from __future__ import annotations

import html
import re
from urllib.parse import urlsplit

MAX_SHOWN_CHARACTERS = 500
"""Longest value shown. Stops a 10 MB description from becoming a 10 MB output in the notebook file."""

# The same set as the CLI's: what can move a cursor, hide text or reorder it; lone surrogates cannot be sent to a browser.
_UNPRINTABLE = re.compile(
    "[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb\ud800-\udfff]"
)


def escape_controls(text: str) -> str:
    """Shows control and direction characters as ``\\uXXXX`` instead of obeying them."""
    return _UNPRINTABLE.sub(lambda match: f"\\u{ord(match.group()):04x}", text)


def shown(text: str, limit: int = MAX_SHOWN_CHARACTERS) -> str:
    """Foreign text on one line, cut at ``limit`` characters."""
    return escape_controls(text if len(text) <= limit else text[:limit] + "…")


def is_web_link(text: str) -> bool:
    """Whether the whole text is an http(s) address that may become a link."""
    if len(text) > MAX_SHOWN_CHARACTERS or re.search(r"[\s<>\"'\\]", text) or escape_controls(text) != text:
        return False
    try:
        parts = urlsplit(text)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.username is None
    except ValueError:
        return False


def to_html(text: str) -> str:
    """Foreign text as HTML: every character escaped, and a link only for an http(s) address."""
    escaped = html.escape(shown(text), quote=True)
    if is_web_link(text):
        return f'<a href="{escaped}" target="_blank" rel="noopener noreferrer">{escaped}</a>'
    return escaped
