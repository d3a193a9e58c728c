"""Saves a Python object in the format that fits it. One entry in ``SAVERS`` a format, the most specific first.

An object's type is recognised by the names of its classes, so that no library is imported that the notebook does not
use already.
"""

from __future__ import annotations

import importlib.util
import os
import pickle
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable, Optional, Sequence

from .errors import OmlmdError


def _always(_value: Any) -> bool:
    return True


@dataclass(frozen=True)
class Saver:
    """A file format: which objects it is for, and how one is written."""

    id: str
    suffix: str
    #: Whether this is the format to choose for the object when none is named.
    fits: Callable[[Any], bool]
    save: Callable[[Any, Path], None]
    #: Module that writes the format; without it the format is passed over.
    needs: Optional[str] = None
    #: Whether the format can hold the object when the format is named.
    accepts: Optional[Callable[[Any], bool]] = None

    def installed(self) -> bool:
        """Whether the module that writes the format can be imported."""
        return self.needs is None or importlib.util.find_spec(self.needs) is not None


def save(value: Any, name: str, folder: Path, format: str = "auto") -> Path:
    """Writes ``value`` into ``folder`` as ``name`` with the suffix of its format, and gives the file's path."""
    saver = choose(value, name, format)
    file = folder / f"{name}{saver.suffix}"
    try:
        saver.save(value, file)
    except OmlmdError:
        raise
    except Exception as error:  # any library may raise anything
        raise OmlmdError(
            f"saving {name} as {saver.id}: {type(error).__name__}: {error}",
            code="unsupported",
            hint="choose another --format, or save the model yourself and push the file",
        ) from error
    return file


def choose(value: Any, name: str, format: str = "auto") -> Saver:
    """The format for an object: the one named, or the first that fits and is installed."""
    if format != "auto":
        return _named(value, name, format)
    for saver in SAVERS:
        if saver.fits(value) and saver.installed():
            return saver
    raise OmlmdError(
        f"saving {name}: no format is known for a {_class_name(type(value))}",
        code="unsupported",
        hint="name one, for example --format joblib, or save it yourself and push the file",
    )


def existing_path(value: Any) -> Optional[Path]:
    """The path of a model that is a file or folder already, when the object is text or a path that names one."""
    if not isinstance(value, (str, os.PathLike)):
        return None
    path = os.fspath(value)
    try:
        return Path(path) if isinstance(path, str) and path and os.path.exists(path) else None
    except ValueError:  # text with a NUL in it
        return None


def _named(value: Any, name: str, format: str) -> Saver:
    for saver in SAVERS:
        if saver.id == format:
            break
    else:
        known = ", ".join(saver.id for saver in SAVERS)
        raise OmlmdError(f"saving {name}: there is no format {format}", code="usage", hint=f"formats: auto, {known}")
    if not saver.installed():
        raise OmlmdError(
            f"saving {name} as {format}: the module {saver.needs} is not installed",
            code="unsupported",
            hint=f"pip install {saver.needs}, or choose another --format",
        )
    if not (saver.accepts or saver.fits)(value):
        raise OmlmdError(
            f"saving {name} as {format}: the format cannot hold a {_class_name(type(value))}",
            code="usage",
            hint="leave --format out to have it chosen",
        )
    return saver


def _class_name(cls: type) -> str:
    return f"{cls.__module__}.{cls.__qualname__}"


def _is_a(value: Any, *classes: str) -> bool:
    """Whether a base class has one of the names; ``package:Name`` fits any module of the package."""
    for base in type(value).__mro__:
        package = base.__module__.partition(".")[0]
        if _class_name(base) in classes or f"{package}:{base.__name__}" in classes:
            return True
    return False


def _is_tensor(value: Any) -> bool:
    return _is_a(value, "torch.Tensor")


def _is_torch(value: Any) -> bool:
    if _is_a(value, "torch.nn.modules.module.Module"):
        return True
    return isinstance(value, dict) and bool(value) and all(_is_tensor(tensor) for tensor in value.values())


def _save_safetensors(value: Any, file: Path) -> None:
    from safetensors import torch as safetensors_torch

    if isinstance(value, dict):
        # The format refuses views and tensors that share memory: each gets its own.
        tensors = {key: tensor.detach().cpu().contiguous().clone() for key, tensor in value.items()}
        safetensors_torch.save_file(tensors, str(file), metadata={"format": "pt"})
    else:
        safetensors_torch.save_model(value, str(file), metadata={"format": "pt"})


def _save_torch(value: Any, file: Path) -> None:
    import torch

    # The state only: a pickled module would need the same source code to be loaded again.
    torch.save(value if isinstance(value, dict) else value.state_dict(), file)


def _save_xgboost(value: Any, file: Path) -> None:
    value.save_model(str(file))


def _save_lightgbm(value: Any, file: Path) -> None:
    getattr(value, "booster_", value).save_model(str(file))


def _save_keras(value: Any, file: Path) -> None:
    value.save(str(file))


def _save_onnx(value: Any, file: Path) -> None:
    file.write_bytes(value.SerializeToString())


def _save_skops(value: Any, file: Path) -> None:
    from skops import io as skops_io

    skops_io.dump(value, file)


def _save_joblib(value: Any, file: Path) -> None:
    import joblib

    joblib.dump(value, file)


def _save_npy(value: Any, file: Path) -> None:
    import numpy

    if value.dtype.hasobject:
        raise OmlmdError(
            f"saving {file.stem} as npy: an array of Python objects would be pickled",
            code="unsupported",
            hint="convert it to a numeric type first, or choose --format joblib",
        )
    numpy.save(file, value, allow_pickle=False)


def _save_pickle(value: Any, file: Path) -> None:
    file.write_bytes(pickle.dumps(value))


def _is_xgboost(value: Any) -> bool:
    return _is_a(value, "xgboost:Booster", "xgboost:XGBModel")


def _is_lightgbm(value: Any) -> bool:
    return _is_a(value, "lightgbm:Booster", "lightgbm:LGBMModel")


def _is_catboost(value: Any) -> bool:
    return _is_a(value, "catboost:CatBoost")


def _is_keras(value: Any) -> bool:
    return _is_a(value, "keras:Model")


def _is_onnx(value: Any) -> bool:
    # The class is generated by protobuf; its module has been onnx.onnx_ml_pb2 and onnx.onnx_pb.
    return _is_a(value, "onnx:ModelProto")


def _is_sklearn(value: Any) -> bool:
    return _is_a(value, "sklearn.base.BaseEstimator")


def _is_array(value: Any) -> bool:
    return _is_a(value, "numpy.ndarray")


def _never(_value: Any) -> bool:
    return False


# Boosters come before scikit-learn, because their estimators are scikit-learn estimators too; skops comes before
# joblib, because loading it runs no code of the file's choice.
SAVERS: Sequence[Saver] = (
    Saver("xgboost", ".ubj", _is_xgboost, _save_xgboost),
    Saver("lightgbm", ".txt", _is_lightgbm, _save_lightgbm),
    Saver("catboost", ".cbm", _is_catboost, _save_xgboost),
    Saver("keras", ".keras", _is_keras, _save_keras),
    Saver("onnx", ".onnx", _is_onnx, _save_onnx),
    Saver("safetensors", ".safetensors", _is_torch, _save_safetensors, needs="safetensors"),
    Saver("pytorch", ".pt", _is_torch, _save_torch, needs="torch"),
    Saver("skops", ".skops", _is_sklearn, _save_skops, needs="skops", accepts=_always),
    Saver("joblib", ".joblib", _is_sklearn, _save_joblib, needs="joblib", accepts=_always),
    Saver("npy", ".npy", _is_array, _save_npy, needs="numpy"),
    Saver("pickle", ".pkl", _never, _save_pickle, accepts=_always),
)
