from omlmd_jupyter.progress import DELAY_SECONDS, MAX_ITEMS, LiveProgress, Progress
from omlmd_jupyter.protocol import Event


def progress(**keys):
    return Event("progress", {"id": "1", "name": "m.onnx", "kind": "upload", **keys})


class Drawings:
    """A screen that remembers, and a clock that is set by hand."""

    def __init__(self):
        self.lines, self.now, self.cleared = [], 0.0, False

    def draw(self, progress):
        self.lines.append(progress.line())

    def clear(self):
        self.cleared = True

    def clock(self):
        return self.now


def test_a_line_has_bytes_rate_and_time_left():
    shown = Progress("push")
    shown.accept(progress(bytes=12_300_000, total=27_000_000, rate=5_000_000))
    assert shown.line() == "push: uploading m.onnx · 12.3 MB of 27.0 MB · 5.0 MB/s · 3 s left"


def test_unknown_total_and_rate_are_left_out():
    shown = Progress("push")
    shown.accept(progress(bytes=5, total=None, rate=None))
    assert shown.line() == "push: uploading m.onnx · 5 B"
    assert "value=" not in shown._repr_mimebundle_()["text/html"]


def test_hostile_numbers_and_names_do_no_harm():
    shown = Progress("push")
    for keys in ({"bytes": -1}, {"bytes": "x"}, {"bytes": float("nan")}, {"bytes": 1, "id": 5}):
        shown.accept(progress(**keys))
    assert not shown.started
    shown.accept(progress(bytes=10, total=5, rate=0, name="<b>\x1b[2J\n"))
    assert shown.fraction == 1
    html = shown._repr_mimebundle_()["text/html"]
    assert "<b>" not in html and "\x1b" not in shown.line() and "\n" not in shown.line()


def test_items_are_followed_up_to_a_limit():
    shown = Progress("pull")
    for i in range(MAX_ITEMS + 5):
        shown.accept(progress(id=str(i), bytes=1, total=2))
    assert len(shown._items) == MAX_ITEMS and shown.fraction == 0.5


def test_short_calls_draw_nothing():
    screen = Drawings()
    live = LiveProgress("push", screen, screen.clock)
    live.listen(progress(bytes=1, total=2))
    live.finish("done")
    assert screen.lines == []


def test_updates_are_throttled_and_the_last_state_is_drawn():
    screen = Drawings()
    live = LiveProgress("push", screen, screen.clock)
    screen.now = DELAY_SECONDS
    for i in range(1000):
        screen.now += 0.001
        live.listen(progress(bytes=i * 1000, total=1_000_000))
    live.finish("done")
    assert 9 <= len(screen.lines) <= 12
    assert screen.lines[-1] == "push done · 999.0 kB" and screen.cleared


def test_warnings_go_to_stderr_at_once(capsys):
    LiveProgress("push", None).listen(Event("warning", {"code": "c", "message": "odd \x1b[2J name"}))
    assert capsys.readouterr().err == "omlmd: warning: odd \\u001b[2J name\n"
