import sys

import pytest
from IPython.core.formatters import DisplayFormatter

from omlmd_jupyter.result import MIME_TYPE, Listing, Result, result_of
from omlmd_jupyter.runner import Answer

PULLED = {"reference": "local/a:v1", "digest": "sha256:1", "files": [{"path": "/tmp/a", "title": "a"}]}


def result(data, verb="pull"):
    return result_of(verb, Answer(data, [], 0))


def test_a_document_reads_like_a_mapping_and_is_no_dict():
    pulled = result(PULLED)
    assert isinstance(pulled, Result) and not isinstance(pulled, dict)
    assert pulled["digest"] == pulled.digest == "sha256:1" and dict(pulled) == PULLED
    assert [str(path) for path in pulled.paths] == ["/tmp/a"]
    assert pulled.metadata == {} and pulled.reference == "local/a:v1"


def test_a_list_reads_like_a_list():
    listing = result([{"reference": "a"}, {"reference": "b"}], "ls")
    assert isinstance(listing, Listing) and len(listing) == 2 and listing[-1]["reference"] == "b"
    assert [row["reference"] for row in listing] == ["a", "b"]


def test_a_notebook_gets_text_html_and_the_document():
    bundle, _ = DisplayFormatter().format(result(PULLED))
    assert set(bundle) == {"text/plain", "text/html", MIME_TYPE}
    assert bundle["text/plain"].startswith("Pulled local/a:v1")
    assert bundle[MIME_TYPE] == {"v": 1, "verb": "pull", "data": PULLED}


def test_a_hidden_result_displays_nothing_until_it_is_shown_again():
    pulled, hidden = result(PULLED), [True]
    pulled.hide_while(lambda: hidden[0])
    assert DisplayFormatter().format(pulled)[0] == {}
    hidden[0] = False
    assert DisplayFormatter().format(pulled)[0] != {}


def test_a_frame_has_a_row_an_artifact_with_its_metadata():
    rows = [
        {"reference": "a:1", "size": 5, "metadata": {"name": "x", "customProperties": {"auc": 0.5, "m": {"f1": 1}}}},
        {"reference": "a:2", "metadata": None},
    ]
    frame = result(rows, "ls").to_frame()
    assert list(frame.columns) == ["reference", "size", "name", "auc", "m.f1"]
    assert frame["auc"][0] == 0.5


def test_a_frame_of_a_difference_has_a_row_a_change():
    data = {"a": "x", "b": "y", "metadata": [{"path": "name", "kind": "changed"}], "files": [{"path": "m", "kind": "added"}]}
    assert list(result(data, "diff").to_frame()["section"]) == ["metadata", "files"]


def test_without_pandas_and_polars_a_frame_is_a_list_of_dicts(monkeypatch):
    for library in ("pandas", "polars"):
        monkeypatch.setitem(sys.modules, library, None)
    assert result([{"reference": "a"}], "ls").to_frame() == [{"reference": "a"}]


@pytest.mark.parametrize("data", [None, "text", 5])
def test_any_json_is_a_result(data):
    assert dict(result(data)) == {} and result(data).data == data and bool(result(data))
