"""Builds the wheel `omlmd-jupyter` with the CLI in it: `python build_wheel.py [OUTPUT-FOLDER]`.

Needs `dist/cli.mjs` (`npm run build`), and hatchling in the same Python, so that building asks no network.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
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
    """Copies what the wheel carries into the package and builds; gives the wheel's path."""
    version = check_versions()
    source = ROOT / "dist" / "cli.mjs"
    if not source.is_file():
        raise SystemExit(f"{source} is not there: run `npm run build` first")
    shutil.copyfile(source, PACKAGE / "cli.mjs")
    if (ROOT / "LICENSE").is_file():
        shutil.copyfile(ROOT / "LICENSE", PACKAGE / "LICENSE")
    output.mkdir(parents=True, exist_ok=True)
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet"]
    subprocess.run([*pip, "wheel", "--no-deps", "--no-build-isolation", "-w", str(output), str(HERE)], check=True)
    return output / f"omlmd_jupyter-{version}-py3-none-any.whl"


if __name__ == "__main__":
    print(build(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE / "dist"))
