"""Runs the CLI in its own session, hears its events as they come, and stops it when the kernel is interrupted."""

from __future__ import annotations

import os
import queue
import signal
import subprocess
import sys
import threading
from contextlib import suppress
from dataclasses import dataclass
from typing import IO, Any, Callable, Dict, List, Optional, Sequence

from .errors import OmlmdCancelled, OmlmdError
from .protocol import MAX_LINE_BYTES, Event, Transcript, parse_line
from .programs import Programs

CANCEL_SECONDS = 5.0
"""What an interrupted CLI has to remove its temporary files, before it is killed."""

POLL_SECONDS = 0.2
"""Longest sleep without a look at interrupts: on Windows a blocked read cannot be interrupted."""

STDERR_BYTES = 16 * 1024
"""Tail of stderr kept for a CLI that dies without an error event."""

TEXT_SECONDS = 60.0
"""Limit of the calls that only print text (``help``, ``version``)."""

WAITING_LINES = 1000
"""Lines read ahead. Stops a fast CLI from filling the memory of a slow kernel."""

EventListener = Callable[[Event], None]


@dataclass(frozen=True)
class Answer:
    """What a verb gave: the JSON document of the CLI, its warnings and its exit status."""

    data: Any
    warnings: List[Dict[str, Optional[str]]]
    status: int


class Runner:
    """Starts the CLI. Holds no OCI logic: what a verb does, the CLI does."""

    def __init__(self, programs: Optional[Programs] = None) -> None:
        self._programs = programs or Programs()

    def run(
        self,
        verb: Sequence[str],
        args: Sequence[str],
        *,
        secret: Optional[str] = None,
        on_event: Optional[EventListener] = None,
    ) -> Answer:
        """Runs ``verb`` with ``args``. ``secret`` goes to stdin, where no process list shows it.

        Raises :class:`OmlmdError` when the verb failed and :class:`OmlmdCancelled` on an interrupt.
        """
        command = [self._programs.node(), self._programs.cli(), *verb, "--progress", "jsonl", *args]
        doing = " ".join(verb)
        child = _Child(command, secret)
        transcript = Transcript()
        try:
            self._listen(child, transcript, on_event)
            status = child.wait()
        except KeyboardInterrupt:
            raise _cancelled(doing, child, transcript) from None
        finally:
            child.end()
        return _answer(doing, transcript, status, child.complaint())

    def text(self, args: Sequence[str]) -> str:
        """What a verb that has no JSON prints, for example ``help push``."""
        command = [self._programs.node(), self._programs.cli(), *args]
        try:
            ran = subprocess.run(
                command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=TEXT_SECONDS
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise OmlmdError(f"{' '.join(args)}: {error}") from error
        if ran.returncode != 0:
            complaint = ran.stderr.decode("utf-8", "replace").strip()
            raise OmlmdError(f"{' '.join(args)}: {complaint or f'exit status {ran.returncode}'}", code="usage")
        return ran.stdout.decode("utf-8", "replace")

    @staticmethod
    def _listen(child: _Child, transcript: Transcript, on_event: Optional[EventListener]) -> None:
        for line in child.lines():
            event = parse_line(line)
            if event is not None and transcript.accept(event) and on_event is not None:
                on_event(event)


class _Child:
    """One running CLI. Two threads empty its pipes, so that neither can block it."""

    def __init__(self, command: Sequence[str], secret: Optional[str]) -> None:
        own_session: Dict[str, Any] = (
            {"creationflags": getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)}
            if sys.platform == "win32"
            # Its own session: Ctrl-C in a terminal reaches Python only, which then decides.
            else {"start_new_session": True}
        )
        try:
            self._process = subprocess.Popen(
                list(command),
                stdin=subprocess.DEVNULL if secret is None else subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                **own_session,
            )
        except OSError as error:
            raise OmlmdError(f"starting the omlmd CLI: {error}", code="internal") from error
        self._lines: queue.Queue[Optional[bytes]] = queue.Queue(WAITING_LINES)
        self._stderr = b""
        assert self._process.stdout is not None and self._process.stderr is not None
        self._threads = [
            threading.Thread(target=self._read_lines, args=(self._process.stdout,), daemon=True),
            threading.Thread(target=self._read_stderr, args=(self._process.stderr,), daemon=True),
        ]
        for thread in self._threads:
            thread.start()
        if secret is not None and self._process.stdin is not None:
            with suppress(OSError):  # it may have refused and gone: its error event says why
                self._process.stdin.write(secret.encode("utf-8") + b"\n")
            with suppress(OSError):
                self._process.stdin.close()

    def _read_lines(self, stream: IO[bytes]) -> None:
        skipping = False
        with suppress(OSError, ValueError):
            while line := stream.readline(MAX_LINE_BYTES):
                ended = line.endswith(b"\n")
                if ended and not skipping:
                    self._lines.put(line)
                elif not ended and len(line) < MAX_LINE_BYTES and not skipping:
                    self._lines.put(line)  # the last line of a program that died in the middle, or forgot the end
                skipping = not ended
        self._lines.put(None)

    def _read_stderr(self, stream: IO[bytes]) -> None:
        with suppress(OSError, ValueError):
            while chunk := stream.read1(4096):  # type: ignore[attr-defined]
                self._stderr = (self._stderr + chunk)[-STDERR_BYTES:]

    def lines(self):
        """The lines of stdout until its end."""
        while True:
            try:
                line = self._lines.get(timeout=POLL_SECONDS)
            except queue.Empty:
                continue
            if line is None:
                return
            yield line

    def wait(self) -> int:
        """The exit status, once stdout has ended."""
        while True:
            try:
                return self._process.wait(timeout=POLL_SECONDS)
            except subprocess.TimeoutExpired:
                continue

    def cancel(self) -> bool:
        """Asks it to stop and waits; false when it did not stop in time."""
        with suppress(OSError, ValueError):
            if sys.platform == "win32":
                self._process.send_signal(signal.CTRL_BREAK_EVENT)
            else:
                self._process.send_signal(signal.SIGINT)
        try:
            self._process.wait(timeout=CANCEL_SECONDS)
            return True
        except (subprocess.TimeoutExpired, KeyboardInterrupt):  # a second interrupt: at once
            return False

    def remaining(self) -> List[bytes]:
        """Lines that were read but not yet heard; does not wait for the pipe, which a grandchild may hold open."""
        lines: List[bytes] = []
        with suppress(queue.Empty):
            while (line := self._lines.get(timeout=POLL_SECONDS)) is not None:
                lines.append(line)
        return lines

    def end(self) -> None:
        """Kills what is left of the session and closes the pipes."""
        if self._process.poll() is None:
            with suppress(OSError):
                if sys.platform == "win32":
                    self._process.kill()
                else:
                    os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        # A reader that waits for room in the queue would hold its pipe for ever.
        with suppress(queue.Empty):
            while self._lines.get_nowait() is not None:
                pass
        for thread in self._threads:
            thread.join(timeout=POLL_SECONDS)
        for thread, stream in zip(self._threads, (self._process.stdout, self._process.stderr)):
            if stream is not None and not thread.is_alive():
                stream.close()

    def complaint(self) -> str:
        """The last line of stderr."""
        lines = self._stderr.decode("utf-8", "replace").strip().splitlines()
        return lines[-1] if lines else ""


def _cancelled(doing: str, child: _Child, transcript: Transcript) -> OmlmdCancelled:
    stopped = child.cancel()
    for line in child.remaining():
        event = parse_line(line)
        if event is not None:
            transcript.accept(event)
    if transcript.final is not None and transcript.final.kind == "result":
        return OmlmdCancelled(f"{doing} cancelled", "it had finished just before the interrupt: its result stands")
    if stopped:
        return OmlmdCancelled(f"{doing} cancelled", "stopped cleanly; run the cell again to go on")
    return OmlmdCancelled(f"{doing} cancelled", "it did not stop in time and was killed; run the cell again to go on")


def _answer(doing: str, transcript: Transcript, status: int, complaint: str) -> Answer:
    final = transcript.final
    if final is None:
        how = f"signal {-status}" if status < 0 else f"exit status {status}"
        raise OmlmdError(
            f"{doing}: the CLI ended with {how} and without a result{': ' + complaint if complaint else ''}",
            code="internal",
            hint="check that OMLMD_NODE and OMLMD_CLI, if set, name a node program and omlmd's cli.mjs",
        )
    if final.kind == "error":
        raise OmlmdError(
            final.text("message") or f"{doing} failed",
            code=final.text("code") or "internal",
            hint=final.text("hint"),
            retryable=final.fields.get("retryable") is True,
        )
    return Answer(final.fields.get("data"), transcript.warnings, status)
