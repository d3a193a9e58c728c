"""What the tests share: the Node.js of the repository, small stand-in CLIs, the real CLI, and a real IPython shell."""

from __future__ import annotations

import os
import signal
import sys
import threading
from contextlib import contextmanager
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "python"))

from omlmd_jupyter.programs import Programs  # noqa: E402
from omlmd_jupyter.runner import Runner  # noqa: E402
from omlmd_jupyter.session import Session  # noqa: E402


@pytest.fixture
def node():
    program = ROOT / "node_modules" / "node" / "bin" / "node"
    assert program.is_file(), "run `npm ci` first"
    return str(program)


@pytest.fixture
def cli():
    program = Path(os.environ.get("OMLMD_CLI", ROOT / "dist" / "cli.mjs"))
    assert program.is_file(), "run `npm run build` first"
    return str(program)


@pytest.fixture
def stand_in(tmp_path, node):
    """Makes a runner whose CLI is the given JavaScript; `emit` prints a protocol line."""

    def make(source):
        program = tmp_path / "stand-in.mjs"
        program.write_text(
            "const emit = (event, keys = {}) => console.log(JSON.stringify({ v: 1, event, ...keys }));\n" + source
        )
        return Runner(Programs({"OMLMD_NODE": node, "OMLMD_CLI": str(program)}))

    return make


@pytest.fixture
def store(tmp_path, monkeypatch, node, cli):
    """The real CLI with an empty local store; gives a session on it."""
    monkeypatch.setenv("OMLMD_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("OMLMD_NODE", node)
    monkeypatch.setenv("OMLMD_CLI", cli)
    monkeypatch.chdir(tmp_path)
    return Session(Runner(Programs(os.environ)), lambda: None)


@pytest.fixture
def shell():
    """A new IPython shell with an empty namespace."""
    from IPython.core.interactiveshell import InteractiveShell

    InteractiveShell.clear_instance()
    shell = InteractiveShell.instance()
    yield shell
    InteractiveShell.clear_instance()


@pytest.fixture
def interrupted_after():
    """Interrupts this process, as a kernel is interrupted, unless the block ends before."""

    @contextmanager
    def interrupt(seconds):
        timer = threading.Timer(seconds, lambda: os.kill(os.getpid(), signal.SIGINT))
        timer.start()
        try:
            yield
        finally:
            timer.cancel()

    return interrupt
