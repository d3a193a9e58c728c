import re

import pytest

from omlmd_jupyter.escaping import escape_controls, is_web_link, shown, to_html
from omlmd_jupyter.rendering import MAX_ROWS, render_html, render_text
from omlmd_jupyter.view import size_text, view_of

HOSTILE = "<img src=x onerror=alert(1)>\"'&\u202e\x1b[31m</td><script>"


def plant(value):
    """A document of each shape with a hostile text in every place where text can be."""
    return [
        ("push", {
            "reference": value, "digest": value, "size": value, "tags": [value, value], "annotations": {value: value},
            "files": [{"title": value, "size": 5, "mediaType": value, "digest": value, "state": value}],
            "metadata": {"name": value, "uri": value, "customProperties": {value: value, "o": {value: [value]}}},
        }),
        ("inspect", {
            "reference": "r", "digest": "d", "metadata": {},
            "models": [{"findings": [{"severity": value, "code": value, "message": value, "where": value}]}],
        }),
        ("inspect", {"path": value, "size": 1, "metadata": {"name": value}, "findings": [{"code": value}]}),
        ("ls", [{"reference": value, value: value, "metadata": {"customProperties": {value: value}}}]),
        ("ls", [value]),
        ("diff", {"a": value, "b": {"reference": value}, "metadata": [{"path": value, "a": value, "b": [value], "kind": value}]}),
        ("version", {value: value}),
        ("version", value),
    ]  # fmt: skip


@pytest.mark.parametrize("verb, document", plant(HOSTILE))
def test_every_value_is_escaped(verb, document):
    html = render_html(view_of(verb, document))
    assert "<img" not in html and "<script" not in html and "</td><" not in html.replace("</td></tr>", "").replace("</td><td", "")
    assert "\x1b" not in html and "\u202e" not in html
    assert "&lt;img" in html
    tags = set(re.findall(r"</?([a-z]+)", html))
    assert tags <= {"div", "strong", "table", "thead", "tbody", "tr", "th", "td", "code", "details", "summary"}
    text = render_text(view_of(verb, document))
    assert "\x1b" not in text and "\u202e" not in text


@pytest.mark.parametrize("document", [None, [], {}, 5, [None, {}], {"digest": 1, "reference": 2, "files": 3, "metadata": 4,
    "tags": 5, "annotations": 6, "models": [7, {"findings": 8}]}, {"path": 1, "metadata": [], "size": "x", "findings": {}}])
@pytest.mark.parametrize("verb", ["push", "ls", "diff", "inspect"])
def test_any_document_can_be_shown(verb, document):
    view = view_of(verb, document)
    assert render_text(view) and render_html(view)


@pytest.mark.parametrize("link", ["https://example.org/a?b=1&c=2", "http://localhost:8080/"])
def test_web_addresses_become_links(link):
    assert to_html(link).startswith('<a href="http') and 'rel="noopener noreferrer"' in to_html(link)


@pytest.mark.parametrize(
    "text",
    [
        "javascript:alert(1)", "data:text/html,x", "file:///etc/passwd", "vscode://x", "https://", "https:foo",
        "https://a b", 'https://a"onclick=1', "https://a\n", "https://user:pw@host/", "https://\u202ea", "http://[", "x",
        "https://a/" + "a" * 1000, "HTTPS\\://a",
    ],
)  # fmt: skip
def test_other_text_never_becomes_a_link(text):
    assert not is_web_link(text) and "<a" not in to_html(text)


def test_controls_are_shown_and_long_text_is_cut():
    assert escape_controls("a\nb\u200b\ud800") == "a\\u000ab\\u200b\\ud800"
    assert shown("x" * 600) == "x" * 500 + "…"


def test_a_push_reads_well_as_text():
    document = {
        "reference": "local/iris:v1",
        "digest": "sha256:ab",
        "size": 1234,
        "tags": ["v1"],
        "files": [{"title": "clf.joblib", "size": 1000}],
        "metadata": {"name": "iris", "author": None, "customProperties": {"accuracy": 0.97, "metrics": {"auc": 1.0}}},
    }
    assert render_text(view_of("push", document)).splitlines() == [
        "Pushed local/iris:v1",
        "  digest:  sha256:ab",
        "  size:    1.2 kB",
        "Metadata:",
        "  field        value",
        "  name         iris",
        "  accuracy     0.97",
        "  metrics.auc  1.0",
    ]


def test_long_tables_are_cut_and_say_so():
    view = view_of("ls", [{"reference": str(i)} for i in range(MAX_ROWS + 5)])
    assert render_html(view).count("<tr>") == MAX_ROWS + 1
    assert "and 5 more" in render_html(view) and "and 5 more" in render_text(view)


def test_sizes_are_for_people():
    assert [size_text(s) for s in (0, 999, 1000, 1_500_000, 27e9, 5e12, None, "x", True)] == [
        "0 B", "999 B", "1.0 kB", "1.5 MB", "27.0 GB", "5.0 TB", "", "", "",
    ]  # fmt: skip
