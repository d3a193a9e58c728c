"""Views as text and as HTML. Every foreign character passes through ``escaping`` here, and nowhere else."""

from __future__ import annotations

from typing import List, Sequence

from .escaping import shown, to_html
from .view import Row, Table, View

MAX_ROWS = 200
"""Rows of a table that are shown. Keeps the list of a big repository from making the notebook file heavy."""

TEXT_COLUMN = 72
"""Widest column in plain text, characters."""

_TABLE = '<table style="margin:4px 0;border-collapse:collapse">'
_CELL = ' style="text-align:left;vertical-align:top;padding:2px 12px 2px 0;white-space:nowrap"'
_LONG_CELL = ' style="text-align:left;vertical-align:top;padding:2px 12px 2px 0;overflow-wrap:anywhere;min-width:20em"'

NOWRAP_CHARACTERS = 48
"""Longest value that stays on one line; a browser would else break short words when a table has many columns."""


def render_text(view: View) -> str:
    """The view for a terminal: one line a fact, aligned columns."""
    lines = [shown(view.title)]
    lines += [f"  {shown(label) + ':':<8} {shown(value)}" for label, value in view.facts]
    for table in view.tables:
        if not table.folded:
            lines += _text_table(table)
    return "\n".join(lines)


def render_html(view: View) -> str:
    """The view for a notebook. No script, no style that reaches outside, no link but http(s)."""
    parts = [f"<div><strong>{to_html(view.title)}</strong>"]
    if view.facts:
        rows = "".join(
            f"<tr><th{_CELL}>{to_html(label)}</th><td{_cell_style(value)}><code>{to_html(value)}</code></td></tr>"
            for label, value in view.facts
        )
        parts.append(f"{_TABLE}<tbody>{rows}</tbody></table>")
    parts += [_html_table(table) for table in view.tables]
    return "".join(parts) + "</div>"


def _text_table(table: Table) -> List[str]:
    rows = [tuple(shown(cell, TEXT_COLUMN) for cell in row) for row in [table.columns, *table.rows[:MAX_ROWS]]]
    widths = [max(len(row[i]) for row in rows) for i in range(len(table.columns))]
    lines = [] if table.heading == "" else [f"{table.heading}:"]
    lines += ["  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() for row in rows]
    return lines + _more(table.rows)


def _html_table(table: Table) -> str:
    head = "".join(f"<th{_CELL}>{to_html(column)}</th>" for column in table.columns)
    body = "".join(f"<tr>{_html_cells(row)}</tr>" for row in table.rows[:MAX_ROWS])
    more = "".join(f"<div>{line.strip()}</div>" for line in _more(table.rows))
    # A wide listing scrolls by itself: a notebook cuts off what does not fit.
    html = f'<div style="overflow-x:auto">{_TABLE}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>{more}'
    if table.heading == "":
        return html
    opened = "" if table.folded else " open"
    return f"<details{opened}><summary>{to_html(table.heading)} ({len(table.rows)})</summary>{html}</details>"


def _html_cells(row: Row) -> str:
    return "".join(f"<td{_cell_style(cell)}>{to_html(cell)}</td>" for cell in row)


def _cell_style(text: str) -> str:
    return _CELL if len(text) <= NOWRAP_CHARACTERS else _LONG_CELL


def _more(rows: Sequence[Row]) -> List[str]:
    hidden = len(rows) - MAX_ROWS
    return [f"  … and {hidden} more; .to_frame() has all"] if hidden > 0 else []
