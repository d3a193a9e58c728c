"""Reads one model with its format's own library, and prints what it took as JSON: FORMAT PATH.

Importing the library is not counted. A format whose library is not there ends with status 3.
"""

import json
import os
import sys
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")


def onnx():
    from onnx import load

    return lambda path: load(path)


def safetensors():
    from safetensors import safe_open

    def read(path):
        with safe_open(path, "numpy") as file:
            return [(name, file.get_slice(name).get_shape()) for name in file.keys()]

    return read


def gguf():
    from gguf import GGUFReader

    return GGUFReader


def joblib():
    from joblib import load

    return load


def skops():
    from skops.io import get_untrusted_types, load

    return lambda path: load(path, trusted=get_untrusted_types(file=path))


def pytorch():
    from torch import load

    return load


def torchscript():
    from torch.jit import load

    return load


def keras():
    import keras

    return keras.saving.load_model


def hdf5():
    import h5py

    def read(path):
        found = []
        with h5py.File(path, "r") as file:
            file.visititems(lambda name, item: found.append((name, getattr(item, "shape", None))))
        return found

    return read


def tensorflow():
    from tensorflow import saved_model

    return saved_model.load


def tflite():
    import tensorflow

    return lambda path: tensorflow.lite.Interpreter(path).get_input_details()


def xgboost():
    from xgboost import Booster

    return lambda path: Booster(model_file=path)


def lightgbm():
    from lightgbm import Booster

    return lambda path: Booster(model_file=path)


def catboost():
    from catboost import CatBoost

    return lambda path: CatBoost().load_model(path)


def coreml():
    import coremltools

    return coremltools.utils.load_spec


def openvino():
    from openvino import Core

    return Core().read_model


def numpy():
    from numpy import load

    return lambda path: load(path, mmap_mode="r", allow_pickle=True)


def huggingface():
    from transformers import AutoConfig

    return AutoConfig.from_pretrained


def mlflow():
    from mlflow.models import Model

    return Model.load


LIBRARIES = {
    "onnx": onnx,
    "safetensors": safetensors,
    "gguf": gguf,
    "pickle": joblib,
    "joblib": joblib,
    "skops": skops,
    "pytorch": pytorch,
    "torchscript": torchscript,
    "keras": keras,
    "hdf5": hdf5,
    "tensorflow": tensorflow,
    "tflite": tflite,
    "xgboost": xgboost,
    "lightgbm": lightgbm,
    "catboost": catboost,
    "coreml": coreml,
    "openvino": openvino,
    "numpy": numpy,
    "huggingface": huggingface,
    "mlflow": mlflow,
}


def memory(line):
    with open("/proc/self/status") as status:
        return next(int(row.split()[1]) for row in status if row.startswith(line)) / 1024


def main(name, path):
    try:
        read = LIBRARIES[name]()
    except (ImportError, KeyError):
        sys.exit(3)
    before = memory("VmRSS")
    start = time.perf_counter()
    kept = read(path)
    milliseconds = (time.perf_counter() - start) * 1000
    print("\n" + json.dumps({"milliseconds": milliseconds, "megabytes": memory("VmHWM") - before}))
    return kept


main(*sys.argv[1:])
