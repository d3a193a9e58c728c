import pickle
import zipfile
from pathlib import Path

import joblib
import lightgbm
import numpy
import pytest
import xgboost
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from omlmd_jupyter import saving
from omlmd_jupyter.errors import OmlmdError
from omlmd_jupyter.saving import choose, save

X = numpy.array([[0.0], [1.0], [2.0], [3.0]] * 10)
Y = numpy.array([0, 0, 1, 1] * 10)


@pytest.fixture
def without(monkeypatch):
    """Makes modules look as if they were not installed."""
    real = saving.importlib.util.find_spec

    def hide(*names):
        monkeypatch.setattr(saving.importlib.util, "find_spec", lambda n: None if n in names else real(n))

    return hide


def test_scikit_learn_is_saved_as_skops_when_it_is_installed(tmp_path):
    file = save(make_pipeline(StandardScaler(), LogisticRegression()).fit(X, Y), "clf", tmp_path)
    assert file == tmp_path / "clf.skops"
    assert "schema.json" in zipfile.ZipFile(file).namelist()


def test_scikit_learn_is_saved_as_joblib_without_skops(tmp_path, without):
    without("skops")
    model = LogisticRegression().fit(X, Y)
    file = save(model, "clf", tmp_path)
    assert file == tmp_path / "clf.joblib"
    assert (joblib.load(file).predict(X) == model.predict(X)).all()


def test_boosters_are_saved_in_their_own_formats(tmp_path):
    classifier = xgboost.XGBClassifier(n_estimators=2).fit(X, Y)
    ours = save(classifier, "xgb", tmp_path)
    again = xgboost.XGBClassifier()
    again.load_model(ours)
    assert ours.suffix == ".ubj" and (again.predict(X) == classifier.predict(X)).all()
    assert save(classifier.get_booster(), "raw", tmp_path).suffix == ".ubj"

    trained = lightgbm.LGBMClassifier(n_estimators=2, min_child_samples=1, verbose=-1).fit(X, Y)
    text = save(trained, "lgb", tmp_path)
    assert text.suffix == ".txt" and text.read_text().startswith("tree")
    assert (lightgbm.Booster(model_file=str(text)).predict(X) == trained.booster_.predict(X)).all()


def test_arrays_are_saved_as_npy_and_never_pickled(tmp_path):
    array = numpy.arange(6.0).reshape(2, 3)
    assert (numpy.load(save(array, "w", tmp_path)) == array).all()
    with pytest.raises(OmlmdError, match="Python objects"):
        save(numpy.array([{}]), "w", tmp_path)


class Tensor:
    """Stands for torch.Tensor: the real library is too big for a test environment."""


Tensor.__module__ = "torch"


def test_a_state_dict_prefers_safetensors(without):
    state = {"weight": Tensor(), "bias": Tensor()}
    assert choose(state, "state").id == "safetensors"
    without("safetensors")
    with pytest.raises(OmlmdError, match="no format is known"):
        choose(state, "state")  # torch itself is not installed here
    with pytest.raises(OmlmdError, match="module torch is not installed"):
        choose(state, "state", "pytorch")


def test_a_dict_of_other_things_is_no_state_dict():
    for value in ({}, {"a": 1}, {"a": Tensor(), "b": 1}):
        with pytest.raises(OmlmdError, match="no format is known for a builtins.dict"):
            choose(value, "x")


def test_a_named_format_takes_any_object_where_it_can(tmp_path):
    assert pickle.loads(save({"a": 1}, "x", tmp_path, "pickle").read_bytes()) == {"a": 1}
    assert joblib.load(save({"a": 1}, "x", tmp_path, "joblib")) == {"a": 1}
    assert save(LogisticRegression(), "x", tmp_path, "joblib").suffix == ".joblib"


def test_a_named_format_that_cannot_hold_the_object_is_refused():
    with pytest.raises(OmlmdError, match="cannot hold a builtins.dict"):
        choose({}, "x", "npy")
    with pytest.raises(OmlmdError, match="no format onxx") as caught:
        choose({}, "x", "onxx")
    assert "joblib" in caught.value.hint


def test_an_object_that_cannot_be_saved_says_why(tmp_path):
    with pytest.raises(OmlmdError, match="saving x as pickle: .*(pickle|local)"):
        save(lambda: 1, "x", tmp_path, "pickle")


@pytest.mark.parametrize("value", ["", "no such file", "nul\0", 5, b"bytes", None])
def test_what_names_no_file_is_no_path(value):
    assert saving.existing_path(value) is None


def test_text_and_paths_that_exist_are_paths(tmp_path):
    assert saving.existing_path(str(tmp_path)) == tmp_path == saving.existing_path(Path(tmp_path))
