"""Writes networks of keras.applications with random weights, for `test_keras_applications.py`: FOLDER NAME...

Runs in `.venv-keras2` and in `.venv-keras3`. For each network, such as ResNet50 or MobileNetV2-0.35: its weights and the whole
model in the formats that this Keras has, and NAME.reference.safetensors with an input, the logits for it and all taps.
"""
import os
import pathlib
import sys

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["TF_ENABLE_ONEDNN_OPTS"] = "0"
os.environ["KERAS_BACKEND"] = "tensorflow"

import keras

from keras_networks import fill, image, record


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
    record(network, image(side, 2), str(folder / f"{name}.reference.safetensors"), weights=str(folder / f"{name}.model.h5"), taps="all")
