"""Files of Keras 3. Run with `.venv-keras3/bin/python`, after `generate_keras2.py`."""
import os

os.environ["KERAS_BACKEND"] = "tensorflow"
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["TF_ENABLE_ONEDNN_OPTS"] = "0"

import zipfile

import keras

import record
from small_network import fill, nested_model, small_model

KERAS = f"Keras {keras.__version__}"

model = small_model()
fill(model)
model.compile("adam", "mse")
record.add_h5("keras3.model.h5", lambda path: model.save(path), KERAS, "keras-hdf5")
NAMES = record.content("keras3.model")
# Without names of layers, Keras' own paths are kept.
NUMBERED = {"first/first": "layers/conv2d/layers/conv2d", "norm/norm": "layers/batch_normalization/layers/batch_normalization",
            "inner/inner/spread": "layers/sequential/layers/sequential/layers/depthwise_conv2d",
            "inner/inner/scale": "layers/sequential/layers/sequential/layers/batch_normalization", "classes/classes": "layers/dense/layers/dense"}


def save_unnamed(path):
    model.save_weights(path)
    record.without_names(path)


record.add_h5("keras3.weights.h5", lambda path: model.save_weights(path), KERAS, "keras-weights", NAMES)
record.add_h5("keras3.unnamed.weights.h5", save_unnamed, f"{KERAS}, names taken away by this generator", "keras-weights",
              record.renamed("keras3.model", NUMBERED), ['the file does not name its layers: they keep their numbers, as in "layers/batch_normalization"'])
record.add_archive("keras3.keras", lambda path: model.save(path), KERAS, NAMES)
record.add_archive("keras3.unnamed.keras", lambda path: model.save(path), f"{KERAS}, names taken away by this generator", NAMES,
                   change=record.without_names)
record.add_archive("keras3.deflated.keras", lambda path: model.save(path), f"{KERAS}, archive written anew by this generator", NAMES,
                   zipfile.ZIP_DEFLATED)
record.add_shards("keras3.sharded.weights.json", lambda path: model.save_weights(path, max_shard_size=256 / 1024**3), KERAS, NAMES)

nested = nested_model()
fill(nested)
record.add_h5("keras3.nested.model.h5", lambda path: nested.save(path), KERAS, "keras-hdf5")
# No rule tells what a layer of somebody's own calls its variables.
OWN = record.renamed("keras3.nested.model", lambda name: name.replace("gate/gate/balance", "gate/gate/vars/0"))
OWN_NOTE = 'variables without a certain name keep their numbers: 1, the first is "gate/vars/0"'
record.add_archive("keras3.nested.keras", lambda path: nested.save(path), KERAS, OWN, notes=[OWN_NOTE])
# Without a configuration nobody can tell which of the two a normalisation lacks.
VARIABLES = {"shift": ["beta", "moving_mean", "moving_variance"], "stretch": ["gamma", "moving_mean", "moving_variance"]}


def uncertain(name):
    module, leaf = name.rsplit("/", 1)
    names = VARIABLES.get(module.rsplit("/", 1)[-1])
    return f"{module}/vars/{names.index(leaf)}" if names else name.replace("gate/gate/balance", "gate/gate/vars/0")


record.add_h5("keras3.nested.weights.h5", lambda path: nested.save_weights(path), KERAS, "keras-weights", record.renamed("keras3.nested.model", uncertain),
              ['variables without a certain name keep their numbers: 7, the first is "gate/vars/0"'])

keras.config.set_dtype_policy("bfloat16")
half = small_model()
fill(half)
record.add_h5("keras3.bfloat16.model.h5", lambda path: half.save(path), KERAS, "keras-hdf5")
HALF = record.content("keras3.bfloat16.model")
record.add_h5("keras3.bfloat16.weights.h5", lambda path: half.save_weights(path), KERAS, "keras-weights", HALF)
record.add_archive("keras3.bfloat16.keras", lambda path: half.save(path), KERAS, HALF)

record.finish()
