"""Files of Keras 3. Run with `.venv-keras3/bin/python`, after `generate_keras2.py`."""
import os

os.environ["KERAS_BACKEND"] = "tensorflow"
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["TF_ENABLE_ONEDNN_OPTS"] = "0"

import zipfile

import keras
import numpy as np
from keras import layers

import record

KERAS = f"Keras {keras.__version__}"


def fill(model) -> None:
    arrays = []
    for number, weight in enumerate(model.weights):
        stream = np.random.Generator(np.random.PCG64(number))
        low, high = (0.5, 1.5) if "variance" in weight.path else (-0.5, 0.5)
        arrays.append((low + (high - low) * stream.random(weight.shape)).astype(np.float32))
    model.set_weights(arrays)


def small_model():
    inner = keras.Sequential([layers.Input((4, 4, 2)), layers.DepthwiseConv2D(3, padding="same", name="spread"),
                              layers.BatchNormalization(name="scale")], name="inner")
    image = layers.Input((8, 8, 3), name="image")
    x = layers.Conv2D(2, 3, strides=2, padding="same", use_bias=False, name="first")(image)
    x = layers.BatchNormalization(name="norm")(x)
    x = layers.Activation("relu", name="relu")(x)
    x = inner(x)
    x = layers.GlobalAveragePooling2D(name="pool")(x)
    return keras.Model(image, layers.Dense(5, name="classes")(x), name="small")


model = small_model()
fill(model)
model.compile("adam", "mse")
record.add_h5("keras3.model.h5", lambda path: model.save(path), KERAS, "keras-hdf5")
record.add_h5("keras3.weights.h5", lambda path: model.save_weights(path), KERAS, "keras-weights")
record.add_archive("keras3.keras", lambda path: model.save(path), KERAS)
record.add_archive("keras3.deflated.keras", lambda path: model.save(path), f"{KERAS}, archive written anew by this generator", zipfile.ZIP_DEFLATED)

keras.config.set_dtype_policy("bfloat16")
half = small_model()
fill(half)
record.add_h5("keras3.bfloat16.weights.h5", lambda path: half.save_weights(path), KERAS, "keras-weights")
record.add_h5("keras3.bfloat16.model.h5", lambda path: half.save(path), KERAS, "keras-hdf5")

record.finish()
