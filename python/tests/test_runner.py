import os
import time

import pytest

from omlmd_jupyter import runner as runner_module
from omlmd_jupyter.errors import OmlmdCancelled, OmlmdError


def alive(pid):
    try:
        os.kill(pid, 0)
    except OSError:
        return False
    with open(f"/proc/{pid}/stat") as stat:
        return stat.read().split()[2] != "Z"


def test_the_result_is_the_document(stand_in):
    runner = stand_in("emit('start'); emit('result', { data: { argv: process.argv.slice(2) } });")
    answer = runner.run(("get", "config"), ["a b", "--set", "x='1'"])
    assert answer.data == {"argv": ["get", "config", "--progress", "jsonl", "a b", "--set", "x='1'"]}
    assert answer.status == 0


def test_events_are_heard_in_order_and_nothing_after_the_end(stand_in):
    runner = stand_in(
        "emit('start'); emit('progress', { id: '1', bytes: 1 }); console.log('rubbish');"
        "emit('warning', { code: 'c', message: 'm' }); emit('result', { data: 1 }); emit('result', { data: 2 });"
    )
    heard = []
    answer = runner.run(("ls",), [], on_event=lambda event: heard.append(event.kind))
    assert heard == ["start", "progress", "warning", "result"]
    assert answer.data == 1 and answer.warnings == [{"code": "c", "message": "m"}]


def test_an_error_event_is_raised_with_its_hint(stand_in):
    runner = stand_in(
        "emit('error', { code: 'unauthorized', message: 'push x: 401', hint: 'log in', retryable: true });"
        "process.exitCode = 4;"
    )
    with pytest.raises(OmlmdError) as caught:
        runner.run(("push",), [])
    error = caught.value
    assert (error.code, error.message, error.hint, error.retryable) == ("unauthorized", "push x: 401", "log in", True)
    assert error._render_traceback_() == ["omlmd: push x: 401", "log in"]


def test_an_error_is_two_lines_whatever_its_text(stand_in):
    runner = stand_in("emit('error', { code: 'x', message: 'a\\nb\\u001b[2J\\u202e', hint: null });")
    with pytest.raises(OmlmdError) as caught:
        runner.run(("push",), [])
    assert caught.value._render_traceback_() == ["omlmd: a b\\u001b[2J\\u202e", "error code: x"]


def test_a_result_with_a_status_is_a_result(stand_in):
    answer = stand_in("emit('result', { data: [] }); process.exitCode = 1;").run(("validate",), [])
    assert answer.status == 1


@pytest.mark.parametrize(
    "source, says",
    [
        ("console.error('one'); console.error('two'); process.exit(3)", "exit status 3 and without a result: two"),
        ("emit('start')", "exit status 0 and without a result"),
        ("process.kill(process.pid, 'SIGKILL')", "signal 9"),
        ("process.stdout.write('{\"v\":1,\"event\":\"res')", "without a result"),
    ],
)
def test_a_cli_that_dies_is_an_error_that_says_how(stand_in, source, says):
    with pytest.raises(OmlmdError, match=says):
        stand_in(source).run(("push",), [])


def test_a_last_line_without_its_end_counts(stand_in):
    runner = stand_in("process.stdout.write(JSON.stringify({ v: 1, event: 'result', data: 7 }))")
    assert runner.run(("ls",), []).data == 7


def test_an_endless_line_is_skipped_and_the_rest_heard(stand_in, monkeypatch):
    monkeypatch.setattr(runner_module, "MAX_LINE_BYTES", 1000)
    runner = stand_in("console.log('x'.repeat(5000)); console.log('y'.repeat(1000)); emit('result', { data: 7 });")
    assert runner.run(("ls",), []).data == 7


def test_a_flood_on_stderr_does_not_block(stand_in):
    runner = stand_in("process.stderr.write('e'.repeat(1e7), () => emit('result', { data: 7 }));")
    assert runner.run(("ls",), []).data == 7


def test_a_secret_goes_to_stdin_and_not_to_the_arguments(stand_in):
    runner = stand_in(
        "let all = ''; for await (const part of process.stdin) all += part;"
        "emit('result', { data: { all, argv: process.argv.join(' ') } });"
    )
    data = runner.run(("login",), ["quay.io"], secret="hunter2 é").data
    assert data["all"] == "hunter2 é\n" and "hunter2" not in data["argv"]


def test_without_a_secret_stdin_is_empty(stand_in):
    runner = stand_in("process.stdin.resume(); process.stdin.on('end', () => emit('result', { data: 'ended' }));")
    assert runner.run(("ls",), []).data == "ended"


def test_an_interrupt_lets_the_cli_clean_up(stand_in, interrupted_after, tmp_path):
    cleaned = tmp_path / "cleaned"
    runner = stand_in(
        "import { writeFileSync } from 'node:fs';"
        f"process.on('SIGINT', () => {{ writeFileSync({str(cleaned)!r}, ''); emit('error', {{ code: 'canceled' }}); process.exit(130); }});"
        "emit('start'); setInterval(() => {}, 1000);"
    )
    pid = []
    with interrupted_after(1.0), pytest.raises(OmlmdCancelled) as caught:
        runner.run(("push",), [], on_event=lambda event: pid.append(event))
    assert cleaned.exists()
    assert caught.value._render_traceback_() == ["omlmd: push cancelled", "stopped cleanly; run the cell again to go on"]
    assert not isinstance(caught.value, Exception)


def test_a_cli_that_does_not_stop_is_killed_with_its_children(stand_in, interrupted_after, monkeypatch):
    monkeypatch.setattr(runner_module, "CANCEL_SECONDS", 0.5)
    runner = stand_in(
        "import { spawn } from 'node:child_process';"
        "const child = spawn(process.execPath, ['-e', 'process.on(\"SIGINT\", () => {}); setInterval(() => {}, 1000)']);"
        "process.on('SIGINT', () => {});"
        "emit('start', { pids: [process.pid, child.pid] }); setInterval(() => {}, 1000);"
    )
    pids = []
    began = time.monotonic()
    with interrupted_after(1.0), pytest.raises(OmlmdCancelled, match="push cancelled") as caught:
        runner.run(("push",), [], on_event=lambda event: pids.extend(event.fields["pids"]))
    assert "killed" in caught.value.detail
    assert time.monotonic() - began < 5
    time.sleep(0.2)
    assert len(pids) == 2 and not any(alive(pid) for pid in pids)


def test_an_interrupt_after_the_end_says_that_the_result_stands(stand_in, interrupted_after):
    runner = stand_in("emit('result', { data: 1 }); process.on('SIGINT', () => process.exit(0)); setInterval(() => {}, 1000);")
    with interrupted_after(1.0), pytest.raises(OmlmdCancelled) as caught:
        runner.run(("push",), [])
    assert "its result stands" in caught.value.detail


def test_text_verbs_give_what_they_print(stand_in):
    runner = stand_in("console.log(process.argv.slice(2).join(' ')); process.exitCode = process.argv[3] === 'no' ? 2 : 0;")
    assert runner.text(["help", "push"]) == "help push\n"
    with pytest.raises(OmlmdError, match="help no"):
        runner.text(["help", "no"])
