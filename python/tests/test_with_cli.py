"""The magics and the SDK with the real CLI and a local store: what a notebook does from end to end."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import joblib
import numpy
import pytest
from sklearn.linear_model import LogisticRegression

import omlmd_jupyter as omlmd
from omlmd_jupyter.errors import OmlmdCancelled, OmlmdError
from omlmd_jupyter.magics import OmlmdMagics

ROOT = Path(__file__).resolve().parents[2]
X = numpy.array([[0.0], [1.0], [2.0], [3.0]] * 10)
MODEL = LogisticRegression().fit(X, [0, 0, 1, 1] * 10)


@pytest.fixture
def notebook(shell, store):
    """A shell with the magics on the real CLI; `run` gives the cell's result."""
    shell.register_magics(OmlmdMagics(shell, store))
    shell.user_ns["clf"] = MODEL

    def run(cell):
        outcome = shell.run_cell(cell)
        if outcome.error_in_exec is not None:
            raise outcome.error_in_exec
        return outcome.result

    return run


def test_a_model_goes_to_the_store_and_comes_back(notebook, tmp_path):
    pushed = notebook("%omlmd push local/iris:v1 --model clf --format joblib")
    assert pushed.digest.startswith("sha256:")
    assert [file["title"] for file in pushed.files] == [
        "clf.joblib", "model_metadata.omlmd.json", "model_metadata.omlmd.yaml",
    ]  # fmt: skip
    pulled = notebook("%omlmd pull local/iris:v1 -o out")
    assert pulled.digest == pushed.digest and pulled.paths[0].name == "clf.joblib"
    assert (joblib.load(pulled.paths[0]).predict(X) == MODEL.predict(X)).all()
    assert {path.name for path in tmp_path.iterdir()} == {"home", "out"}


def test_what_the_reader_finds_is_merged_over_by_the_cell(notebook):
    pushed = notebook("%%omlmd push local/iris:v1 --model clf --format joblib\nname: mine\ncustomProperties:\n  accuracy: 0.5\n")
    assert pushed.metadata["name"] == "mine"
    assert pushed.metadata["customProperties"]["accuracy"] == 0.5
    assert pushed.metadata["model_format_name"] == "joblib"


def test_a_path_with_a_cell_gives_the_digest_of_a_push_with_a_sidecar(notebook, tmp_path):
    model = tmp_path / "m.joblib"
    joblib.dump(MODEL, model)
    with_cell = notebook("%%omlmd push local/a:v1 m.joblib\nname: mine")
    (tmp_path / "m.joblib.omlmd.yaml").write_text("name: mine\n")
    assert notebook("%omlmd push local/b:v1 m.joblib").digest == with_cell.digest


def test_a_folder_with_a_cell_is_pushed_as_a_folder(notebook, tmp_path):
    (tmp_path / "m" / "sub").mkdir(parents=True)
    (tmp_path / "m" / "sub" / "w.bin").write_bytes(b"w")
    (tmp_path / "m" / "a.txt").write_text("a")
    pushed = notebook("%%omlmd push local/a:v1 m\nname: mine")
    assert [file["title"] for file in pushed.files][:2] == ["a.txt", "sub/w.bin"]
    assert pushed.metadata["name"] == "mine"


def test_listing_inspecting_and_comparing(notebook):
    notebook("%omlmd push local/iris:v1 --model clf --set accuracy=0.5")
    notebook("%omlmd push local/iris:v2 --model clf --set accuracy=0.75")
    listing = notebook("%omlmd ls local/iris --long")
    assert [row["tag"] for row in listing] == ["v1", "v2"]
    assert list(listing.to_frame()["accuracy"]) == [0.5, 0.75]
    assert notebook("%omlmd inspect local/iris:v2").metadata["customProperties"]["accuracy"] == 0.75
    changes = notebook("%omlmd diff local/iris:v1 local/iris:v2").to_frame()
    assert "customProperties.accuracy" in list(changes["path"])
    assert notebook("%omlmd get config local/iris:v1")["config"]["customProperties"]["accuracy"] == 0.5
    assert [row["repository"] for row in notebook("%omlmd ls local")] != []


def test_a_reference_that_is_not_there_is_two_lines(notebook, capsys):
    with pytest.raises(OmlmdError) as caught:
        notebook("%omlmd pull local/nothing:v1")
    assert caught.value.code == "not-found"
    printed = capsys.readouterr()
    assert len([line for line in (printed.out + printed.err).splitlines() if line]) == 2


@pytest.mark.parametrize("line", ["%omlmd push iris:v1 --model clf", "%omlmd pull", "%omlmd nonsense", "%omlmd ls --nonsense"])
def test_usage_errors_of_the_cli_are_two_lines_too(notebook, line):
    with pytest.raises(OmlmdError) as caught:
        notebook(line)
    assert caught.value.code in ("usage", "reference-invalid")


def test_help_of_a_verb_shows_the_clis_options(notebook):
    assert "--set" in repr(notebook("%omlmd help push")) and "--model VAR" in repr(notebook("%omlmd push --help"))


def test_the_sdk_does_the_same(store, tmp_path):
    pushed = omlmd.push("local/iris:v1", MODEL, name="iris", format="joblib", metadata={"accuracy": 0.5}, session=store)
    assert pushed.metadata["customProperties"]["accuracy"] == 0.5
    assert omlmd.pull("local/iris:v1", tmp_path / "out", session=store).paths[0] == tmp_path / "out" / "iris.joblib"
    assert omlmd.inspect("local/iris:v1", session=store).digest == pushed.digest
    assert omlmd.ls("local/iris", session=store)[0]["tag"] == "v1"


def test_an_interrupted_push_leaves_no_artifact_and_no_temporary_file(notebook, tmp_path, interrupted_after):
    with open(tmp_path / "big.bin", "wb") as file:
        file.truncate(16 * 2**30)
    began = time.monotonic()
    with interrupted_after(2.0), pytest.raises(OmlmdCancelled) as caught:
        notebook("%omlmd push local/big:v1 big.bin")
    assert caught.value.detail == "stopped cleanly; run the cell again to go on"
    assert time.monotonic() - began < 6
    large = [path for path in (tmp_path / "home").rglob("*") if path.is_file() and path.stat().st_size > 1_000_000]
    # what was compiled of the program stays for the next run; it is nothing of the push
    assert [path for path in large if path.parent.name != "code-cache"] == []
    assert list(notebook("%omlmd ls local")) == []


def test_a_failed_cell_stops_a_run_of_the_whole_notebook(store, tmp_path):
    cells = ["%load_ext omlmd_jupyter", "%omlmd ls local", "%omlmd inspect local/nothing:v1", "open('went-on', 'w')"]
    code = [{"cell_type": "code", "id": f"c{i}", "metadata": {}, "outputs": [], "execution_count": None, "source": c}
            for i, c in enumerate(cells)]  # fmt: skip
    (tmp_path / "run.ipynb").write_text(json.dumps({"cells": code, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}))
    ran = subprocess.run(
        [sys.executable, "-m", "nbconvert", "--to", "notebook", "--execute", "run.ipynb"],
        env={**os.environ, "PYTHONPATH": str(ROOT / "python"), "IPYTHONDIR": str(tmp_path)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert ran.returncode != 0 and "there is no such artifact" in ran.stderr
    assert not (tmp_path / "went-on").exists()


def test_the_wheel_carries_the_cli_and_runs_without_the_repository(tmp_path, store):
    subprocess.run([sys.executable, str(ROOT / "python" / "build_wheel.py"), str(tmp_path / "dist")], check=True)
    (wheel,) = (tmp_path / "dist").iterdir()
    assert wheel.name == f"omlmd_jupyter-{omlmd.__version__}-py3-none-any.whl"
    subprocess.run(
        [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--target", str(tmp_path / "site"), str(wheel)], check=True
    )
    env = {k: v for k, v in os.environ.items() if k not in ("OMLMD_CLI", "OMLMD_NODE")}
    code = "import omlmd_jupyter as o; print(o.__file__); print(len(o.ls('local')))"
    ran = subprocess.run(
        [sys.executable, "-c", code], env={**env, "PYTHONPATH": str(tmp_path / "site")}, cwd=tmp_path, capture_output=True, text=True
    )
    assert ran.stdout.splitlines() == [str(tmp_path / "site" / "omlmd_jupyter" / "__init__.py"), "0"], ran.stderr
