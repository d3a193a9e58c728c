"""Builds the wheel `omlmd-jupyter` with the CLI in it: `python build_wheel.py [OUTPUT-FOLDER]`.

Needs `dist/cli.mjs` (`npm run build`), and hatchling in the same Python, so that building asks no network.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
PACKAGE = HERE / "omlmd_jupyter"


def check_versions() -> str:
    """The one version of the CLI and the wheel that carries it."""
    cli = json.loads((ROOT / "package.json").read_text("utf-8"))["version"]
    module = re.search(r'^__version__ = "([^"]+)"$', (PACKAGE / "__init__.py").read_text("utf-8"), re.M)
    if module is None or module.group(1) != cli:
        raise SystemExit(f"package.json has version {cli}, omlmd_jupyter/__init__.py does not")
    return cli


def build(output: Path) -> Path:
    """Builds from a copy that has the CLI and the licence in it, so that no stale copy stays in the source tree."""
    version = check_versions()
    cli = ROOT / "dist" / "cli.mjs"
    if not cli.is_file():
        raise SystemExit(f"{cli} is not there: run `npm run build` first")
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder, "source")
        shutil.copytree(HERE, copy, ignore=shutil.ignore_patterns("__pycache__", "tests", "dist", "build", ".*"))
        shutil.copyfile(cli, copy / PACKAGE.name / "cli.mjs")
        shutil.copyfile(ROOT / "LICENSE", copy / "LICENSE")
        output.mkdir(parents=True, exist_ok=True)
        pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet"]
        subprocess.run([*pip, "wheel", "--no-deps", "--no-build-isolation", "-w", str(output), str(copy)], check=True)
    return output / f"omlmd_jupyter-{version}-py3-none-any.whl"


if __name__ == "__main__":
    print(build(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE / "dist"))
