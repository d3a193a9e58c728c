import os
import stat

import pytest

from omlmd_jupyter.errors import OmlmdError
from omlmd_jupyter.staging import own_sidecar, stage_metadata, stage_variable, staging


def test_the_folder_is_private_and_gone_afterwards():
    with staging() as folder:
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        (folder / "m").write_text("x")
    assert not folder.exists()
    with pytest.raises(KeyboardInterrupt), staging() as folder:
        raise KeyboardInterrupt
    assert not folder.exists()


def test_metadata_goes_beside_the_saved_model(tmp_path):
    model = tmp_path / "clf.joblib"
    model.write_text("m")
    assert stage_metadata(model, "name: é", tmp_path) == model
    assert (tmp_path / "clf.joblib.omlmd.yaml").read_text("utf-8") == "name: é"


@pytest.mark.parametrize("folder_model", [False, True])
def test_nothing_is_written_beside_a_persons_file(tmp_path, folder_model):
    home, temporary = tmp_path / "home", tmp_path / "temporary"
    home.mkdir(), temporary.mkdir()
    model = home / "model"
    (model.mkdir() if folder_model else model.write_text("m"))
    staged = stage_metadata(model, "name: x", temporary)
    assert os.listdir(home) == ["model"]
    assert staged.resolve() == model and staged.name == model.name
    assert (temporary / "model.omlmd.yaml").read_text() == "name: x"


def test_the_link_goes_with_the_folder_and_the_file_stays(tmp_path):
    model = tmp_path / "model"
    model.mkdir()
    (model / "part").write_text("x")
    with staging() as folder:
        stage_metadata(model, "", folder)
    assert (model / "part").read_text() == "x"


def test_a_persons_own_sidecar_is_found(tmp_path):
    model = tmp_path / "m.onnx"
    assert own_sidecar(model) is None
    (tmp_path / "m.omlmd.yaml").write_text("")
    assert own_sidecar(model) == tmp_path / "m.omlmd.yaml"
    (tmp_path / "m.onnx.omlmd.yaml").write_text("")
    assert own_sidecar(model) == tmp_path / "m.onnx.omlmd.yaml"


def test_a_path_is_pushed_as_it_is(tmp_path):
    model = tmp_path / "m.bin"
    model.write_text("x")
    assert stage_variable(str(model), "path", tmp_path) == model
    with pytest.raises(OmlmdError, match="pushed as it is"):
        stage_variable(model, "path", tmp_path, "joblib")
    with pytest.raises(OmlmdError, match="no file or folder 'gone'"):
        stage_variable("gone", "path", tmp_path)
