"""Writes networks of keras.applications with random weights, for `test_keras_applications.py`: FOLDER NAME...

Runs in `.venv-keras2` and in `.venv-keras3`. For each network, such as ResNet50 or MobileNetV2-0.35: its weights and the whole
model in the formats that this Keras has, and NAME.reference.safetensors with an input (N,C,H,W) and the logits for it.
"""
import os
import pathlib
import sys

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["TF_ENABLE_ONEDNN_OPTS"] = "0"
os.environ["KERAS_BACKEND"] = "tensorflow"

import keras
import numpy as np

from keras_networks import fill, save_reference


def build(name: str, side: int):
    kind, _, width = name.partition("-")
    options = {"alpha": float(width)} if width else {}
    return getattr(keras.applications, kind)(weights=None, input_shape=(side, side, 3), classes=20, classifier_activation=None, **options)


folder = pathlib.Path(sys.argv[1])
for name in sys.argv[2:]:
    # Of an odd side, TensorFlow pads alike on both sides; of an even one it does not. 101 is 51, 26, 13 and 7 behind strides of 2.
    side = 101 if name.endswith("0.35") else 96
    network = build(name, side)
    fill(network)
    if keras.__version__.startswith("2."):
        network.save_weights(folder / f"{name}.h5")
    else:
        network.save_weights(folder / f"{name}.weights.h5")
        network.save(folder / f"{name}.keras")
    network.save(folder / f"{name}.model.h5")
    image = (np.random.Generator(np.random.PCG64(7)).random((2, 3, side, side)) * 4 - 2).astype(np.float32)
    output = np.asarray(network(np.ascontiguousarray(image.transpose(0, 2, 3, 1)), training=False), np.float32)
    save_reference(folder / f"{name}.reference.safetensors", {"input": image, "output": output})
