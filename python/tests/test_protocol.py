import json

import pytest

from omlmd_jupyter.protocol import MAX_WARNINGS, Event, Transcript, parse_line


def line(**keys):
    return json.dumps({"v": 1, **keys}).encode() + b"\n"


def test_a_line_is_an_event():
    event = parse_line(line(event="progress", id="a", bytes=5, total=None))
    assert event == Event("progress", {"id": "a", "bytes": 5, "total": None})
    assert event.count("bytes") == 5 and event.count("total") is None and event.text("id") == "a"


@pytest.mark.parametrize(
    "hostile",
    [
        b"",
        b"\n",
        b"not json\n",
        b"\xff\xfe\n",
        b"[]\n",
        b"null\n",
        b'"event"\n',
        b'{"event":"result","data":1}\n',
        b'{"v":2,"event":"result","data":1}\n',
        b'{"v":true,"event":"result","data":1}\n',
        b'{"v":1.0,"event":"result","data":1}\n',
        b'{"v":"1","event":"result","data":1}\n',
        b'{"v":1,"event":"prompt"}\n',
        b'{"v":1,"event":["result"]}\n',
        b'{"v":1,"event":null}\n',
        b"[" * 200_000,
        b'{"v":1,"event":"progress","bytes":' + b"9" * 10_000 + b"}",
        b'{"v":1,"event":"result"',
    ],
)
def test_what_is_no_event_is_dropped(hostile):
    assert parse_line(hostile) is None


@pytest.mark.parametrize("value", [-1, "5", True, None, [], float("nan"), float("inf")])
def test_a_count_is_a_number_that_can_be_shown(value):
    assert Event("progress", {"bytes": value}).count("bytes") is None


def test_nothing_counts_after_the_end():
    transcript = Transcript()
    assert transcript.accept(Event("result", {"data": 1}))
    assert not transcript.accept(Event("error", {"message": "late"}))
    assert transcript.final == Event("result", {"data": 1})


def test_warnings_are_kept_up_to_a_limit():
    transcript = Transcript()
    for _ in range(MAX_WARNINGS + 10):
        transcript.accept(Event("warning", {"code": "x", "message": 5}))
    assert len(transcript.warnings) == MAX_WARNINGS
    assert transcript.warnings[0] == {"code": "x", "message": None}
