import os

import pytest

import omlmd_jupyter
from omlmd_jupyter import magics
from omlmd_jupyter.errors import OmlmdError
from omlmd_jupyter.magics import OmlmdMagics
from omlmd_jupyter.session import Session

# Tells what it was started with, and what lay beside the model at that moment.
ECHO = """
import { existsSync, readFileSync, realpathSync } from 'node:fs';
const argv = process.argv.slice(2);
const path = argv.at(-1);
const sidecar = `${path}.omlmd.yaml`;
let stdin = '';
for await (const part of process.stdin) stdin += part;
const data = { argv, stdin, model: existsSync(path) ? realpathSync(path) : null,
  sidecar: existsSync(sidecar) ? readFileSync(sidecar, 'utf8') : null };
argv[0] === 'help' ? console.log('help of', argv[1]) : emit('result', { data });
"""


@pytest.fixture
def notebook(shell, stand_in, tmp_path, monkeypatch):
    """A shell with the magics over a CLI that echoes; `run` gives the cell's result."""
    monkeypatch.chdir(tmp_path)
    shell.register_magics(OmlmdMagics(shell, Session(stand_in(ECHO), lambda: None)))

    def run(cell):
        outcome = shell.run_cell(cell)
        if outcome.error_in_exec is not None:
            raise outcome.error_in_exec
        return outcome.result

    run.shell = shell
    return run


def test_a_verb_passes_through(notebook):
    assert notebook("%omlmd tag local/a:v1 v2 'v 3'")["argv"] == ["tag", "--progress", "jsonl", "local/a:v1", "v2", "v 3"]


def test_python_names_on_the_line_are_expanded(notebook):
    notebook("version = 7")
    assert notebook("%omlmd ls local/a:v{version + 1}")["argv"][-1] == "local/a:v8"


def test_a_variable_is_saved_under_its_name_and_removed(notebook):
    notebook("import numpy; weights = numpy.zeros(3)")
    result = notebook("%omlmd push local/a:v1 --model weights --set x=1")
    assert result["argv"][:6] == ["push", "--progress", "jsonl", "local/a:v1", "--set", "x=1"]
    assert result["argv"][-1].endswith("/weights.npy") and result["model"] is not None
    assert not os.path.exists(result["model"])


def test_attributes_and_formats(notebook):
    notebook("import numpy; class_ = type('Box', (), {'inner': {'a': 1}})")
    assert notebook("%omlmd push local/a --model class_.inner --format pickle")["argv"][-1].endswith("/inner.pkl")


def test_the_cells_body_lies_beside_the_model_as_it_was_typed(notebook):
    notebook("import numpy; w = numpy.zeros(3); name = 'no'")
    result = notebook("%%omlmd push local/a:v1 --model w\nname: {name} $name\ncustom: é\n")
    assert result["sidecar"] == "name: {name} $name\ncustom: é\n"


def test_a_path_with_a_body_is_linked_and_nothing_is_written_beside_it(notebook, tmp_path):
    model = tmp_path / "m.onnx"
    model.write_text("x")
    before = sorted(tmp_path.iterdir())
    result = notebook("%%omlmd push local/a:v1 m.onnx\nname: b")
    assert result["model"] == str(model) and result["sidecar"] == "name: b\n"
    assert sorted(tmp_path.iterdir()) == before


def test_the_type_of_a_path_is_kept(notebook, tmp_path):
    (tmp_path / "m.onnx").write_text("x")
    assert notebook("%%omlmd push local/a m.onnx:application/x-y\nname: b")["argv"][-1].endswith("/m.onnx:application/x-y")


def test_a_sidecar_that_is_not_read_is_warned_of(notebook, tmp_path, capsys):
    (tmp_path / "m.onnx").write_text("x")
    (tmp_path / "m.omlmd.yaml").write_text("name: a")
    notebook("%%omlmd push local/a m.onnx\nname: b")
    assert "warning: m.omlmd.yaml is not read" in capsys.readouterr().err


@pytest.mark.parametrize(
    "cell, says",
    [
        ("%omlmd push local/a --model nothing", "there is no variable nothing"),
        ("%omlmd push local/a --model os.path.nothing", "there is no variable"),
        ("%omlmd push local/a --model '__import__(\"os\")'", "--model takes the name of a variable"),
        ("%%omlmd ls local\nname: x", "only push takes a cell body"),
        ("%%omlmd push local/a\nname: x", "for one model"),
        ("%%omlmd push local/a a.onnx b.onnx\nname: x", "for one model"),
        ("%%omlmd push local/a gone.onnx\nname: x", "no such file"),
        ("%%omlmd push local/a --model d --format pickle --empty-metadata\nname: x", "--empty-metadata exclude"),
        ("%%omlmd push local/a --model d --format pickle --metadata=md.json\nname: x", "exclude each other"),
        ("%omlmd push local/a 'x", "no closing quotation"),
        ("%omlmd login", "which registry"),
    ],
)
def test_a_mistake_is_explained_and_fails_the_cell(notebook, cell, says):
    notebook("import os; d = {}")
    with pytest.raises(OmlmdError) as caught:
        notebook(cell)
    assert says in caught.value.message
    assert len(caught.value._render_traceback_()) == 2


def test_a_failed_cell_shows_two_lines_and_no_traceback(notebook, capsys):
    with pytest.raises(OmlmdError):
        notebook("%omlmd push local/a --model nothing")
    printed = capsys.readouterr()
    lines = [line for line in (printed.out + printed.err).splitlines() if line]
    assert lines == ["omlmd: %omlmd push: there is no variable nothing", "run the cell that makes it, then this one"]


def test_a_semicolon_displays_nothing_and_still_assigns(notebook, capsys):
    notebook("r = %omlmd ls local;")
    notebook("%omlmd ls local;")
    assert "omlmd ls" not in capsys.readouterr().out  # a terminal still prints its Out[1]:, a notebook nothing
    notebook.shell.execution_count += 1  # as between two cells of a notebook
    notebook("r")
    assert "omlmd ls" in capsys.readouterr().out


def test_help_needs_no_cli_and_help_of_a_verb_has_both(notebook):
    assert "%%omlmd push" in repr(notebook("%omlmd"))
    assert repr(notebook("%omlmd help")) == repr(notebook("%omlmd --help"))
    text = repr(notebook("%omlmd push --help"))
    assert "--model VAR" in text and "help of push" in text


def test_login_asks_and_the_password_is_on_no_command_line(notebook, monkeypatch):
    asked = []
    monkeypatch.setattr(magics.getpass, "getpass", lambda prompt: asked.append(prompt) or "hunter2")
    monkeypatch.setattr("builtins.input", lambda prompt: asked.append(prompt) or "me")
    result = notebook("%omlmd login quay.io --plain-http")
    assert asked == ["user name for quay.io: ", "password for quay.io: "]
    assert result["argv"] == [
        "login", "--progress", "jsonl", "quay.io", "--plain-http", "--username", "me", "--password-stdin",
    ]  # fmt: skip
    assert result["stdin"] == "hunter2\n"
    asked.clear()
    assert notebook("%omlmd login -u you quay.io")["stdin"] == "hunter2\n"
    assert asked == ["password for quay.io: "]
    asked.clear()
    notebook("%omlmd login quay.io --identity-token-stdin")
    assert asked == ["identity token for quay.io: "]


def test_where_nobody_can_answer_login_says_what_else_to_do(notebook, monkeypatch):
    monkeypatch.setattr(magics.getpass, "getpass", lambda prompt: (_ for _ in ()).throw(EOFError()))
    with pytest.raises(OmlmdError, match="nobody can answer") as caught:
        notebook("%omlmd login quay.io -u me")
    assert "OMLMD_PASSWORD" in caught.value.hint


def test_the_extension_loads_and_unloads(shell):
    shell.run_cell("%load_ext omlmd_jupyter")
    assert "omlmd" in shell.magics_manager.magics["line"] and "omlmd" in shell.magics_manager.magics["cell"]
    shell.run_cell("%reload_ext omlmd_jupyter")
    shell.run_cell("%unload_ext omlmd_jupyter")
    assert "omlmd" not in shell.magics_manager.magics["line"]


def test_the_sdk_pushes_objects_paths_and_metadata(stand_in, tmp_path):
    session = Session(stand_in(ECHO), lambda: None)
    pushed = omlmd_jupyter.push("local/a", {"a": 1}, name="m", format="pickle", metadata={"n": "é"}, session=session)
    assert pushed["argv"][-2] == "local/a" and pushed["argv"][-1].endswith("/m.pkl")
    assert pushed["sidecar"] == '{"n": "é"}'
    (tmp_path / "m.bin").write_text("x")
    assert omlmd_jupyter.push("local/a", tmp_path / "m.bin", session=session)["model"] == str(tmp_path / "m.bin")
    assert omlmd_jupyter.pull("local/a", tmp_path, session=session)["argv"][3:] == ["--output", str(tmp_path), "local/a"]
    assert omlmd_jupyter.ls(session=session)["argv"][-1] == "local"
    with pytest.raises(ValueError):
        omlmd_jupyter.inspect("--debug", session=session)
