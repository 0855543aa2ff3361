"""Files of Keras 3. Run with `.venv-keras3/bin/python`, after `generate_keras2.py`."""
import os

os.environ["KERAS_BACKEND"] = "tensorflow"
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["TF_ENABLE_ONEDNN_OPTS"] = "0"

import zipfile

import keras

import record
from small_network import fill, small_model

KERAS = f"Keras {keras.__version__}"

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
