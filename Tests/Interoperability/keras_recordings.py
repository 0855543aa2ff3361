"""Records models of every kind for `test_record_reference_keras.py`. Runs in the environments of Keras 2 and 3: FOLDER

What each layer gives is computed a second time by models that end there, which share nothing with the recorder. The last line
printed is JSON: what was refused, and with which words.
"""
import json
import os
import pathlib
import sys

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["TF_ENABLE_ONEDNN_OPTS"] = "0"

import keras
import numpy as np
from keras import layers

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "Tools"))
from record_reference_keras import record

FOLDER = pathlib.Path(sys.argv[1])
IMAGE = (np.random.Generator(np.random.PCG64(3)).random((2, 12, 10, 3)) * 2 - 1).astype(np.float32)


def filled(model):
    stream = np.random.Generator(np.random.PCG64(1))
    model.set_weights([(stream.random(array.shape) * 0.5 + 0.25).astype(array.dtype) for array in model.get_weights()])
    return model


def functional(end="dense"):
    image = keras.Input((12, 10, 3))
    x = layers.Conv2D(4, 3, padding="same", name="c1")(image)
    x = short = layers.BatchNormalization(name="b1")(x)
    x = layers.Activation("relu", name="r1")(x)
    x = layers.ZeroPadding2D(1, name="pad")(x)
    x = layers.Conv2D(4, 3, activation="relu", name="c2")(x)
    x = keras.Sequential([layers.Conv2D(4, 1, name="c3"), layers.BatchNormalization(name="b3")], name="inner")(x)
    x = layers.Add(name="add")([x, short])
    x = layers.GlobalAveragePooling2D(name="pool")(x)
    if end == "dense":
        x = layers.Dense(5, activation="softmax", name="head")(x)
    else:
        x = layers.Dense(5, name="head")(x)
        x = {"layer": lambda: layers.Softmax(name="end"), "sigmoid": lambda: layers.Activation("sigmoid", name="end")}[end]()(x)
    return filled(keras.Model(image, x))


class Unit(layers.Layer):
    def __init__(self, **options):
        super().__init__(**options)
        self.conv = layers.Conv2D(3, 1, name="conv")
        self.bn = layers.BatchNormalization(name="bn")
        self.twice = layers.Activation("relu", name="twice")

    def call(self, x, training=None):
        return self.twice(self.twice(self.bn(self.conv(x), training=training)) + x)


class Nested(keras.Model):
    def __init__(self):
        super().__init__(name="nested")
        self.stem = layers.Conv2D(3, 3, name="stem")
        self.unit1, self.unit2 = Unit(name="unit1"), Unit(name="unit2")
        self.pool = layers.GlobalAveragePooling2D(name="pool")
        self.head = layers.Dense(4, name="head")

    def call(self, x, training=None):
        return self.head(self.pool(self.unit2(self.unit1(self.stem(x), training=training), training=training)))


def gate():
    image = keras.Input((12, 10, 3))
    x = layers.GlobalAveragePooling2D(keepdims=True, name="pool")(image)
    x = layers.Conv2D(3, 1, name="expand")(x)
    return filled(keras.Model(image, layers.Multiply(name="scale")([image, layers.Activation("sigmoid", name="gate")(x)])))


refusals = {}


def refused(case, action):
    try:
        action()
    except Exception as error:
        refusals[case] = [type(error).__name__, str(error)]


model = functional()
model.save_weights(str(FOLDER / "functional.weights.h5"))
before = [array.copy() for array in model.get_weights()]
call = keras.layers.Layer.__call__
for taps in ["blocks", "all", None]:
    record(model, IMAGE, str(FOLDER / f"functional.{taps}.safetensors"), weights=str(FOLDER / "functional.weights.h5"), taps=taps)
record(model, IMAGE, str(FOLDER / "functional.list.safetensors"), taps=["inner/c3", "add"])
record(model, IMAGE, str(FOLDER / "functional.dict.safetensors"), taps={"c2": "stages.0.blocks.0.relu1"})
module = gate()
record(module, IMAGE, str(FOLDER / "gate.safetensors"))
np.save(FOLDER / "gate.npy", np.asarray(module(IMAGE)))
logits = np.asarray(keras.Model(model.input, model.get_layer("pool").output)(IMAGE)) @ model.get_layer("head").get_weights()[0] + model.get_layer("head").get_weights()[1]
inner = model.get_layer("inner")
entering = np.asarray(keras.Model(model.input, model.get_layer("c2").output)(IMAGE))
expected = {name: np.asarray(keras.Model(model.input, model.get_layer(name).output)(IMAGE, training=False)) for name in ["c1", "b1", "r1", "c2", "add", "pool"]}
expected["inner/c3"] = np.asarray(inner.get_layer("c3")(entering))
expected["inner/b3"] = np.asarray(inner(entering, training=False))
np.savez(FOLDER / "functional.npz", input=IMAGE, output=logits, **expected)
refused("exists", lambda: record(model, IMAGE, str(FOLDER / "functional.all.safetensors")))
refused("unknown name", lambda: record(model, IMAGE, str(FOLDER / "no"), taps=["c9"]))
refused("activation inside", lambda: record(model, IMAGE, str(FOLDER / "no"), taps=["c2"]))
refused("named twice", lambda: record(model, IMAGE, str(FOLDER / "no"), taps=["c1", "c1"]))
refused("unknown choice", lambda: record(model, IMAGE, str(FOLDER / "no"), taps="everything"))
refused("no image", lambda: record(model, IMAGE[0], str(FOLDER / "no")))
refused("half", lambda: record(model, IMAGE.astype(np.float16), str(FOLDER / "no")))
refused("not finite", lambda: record(model, IMAGE * np.float32("inf"), str(FOLDER / "no")))
refused("no model", lambda: record(np.zeros(3), IMAGE, str(FOLDER / "no")))
for end in ["layer", "sigmoid"]:
    record(functional(end), IMAGE, str(FOLDER / f"{end}.safetensors"), taps=None)

nested = Nested()
nested(IMAGE)
filled(nested)
for taps in ["blocks", "all"]:
    record(nested, IMAGE, str(FOLDER / f"nested.{taps}.safetensors"), taps=taps)
refused("runs twice", lambda: record(nested, IMAGE, str(FOLDER / "no"), taps=["unit1/twice"]))
unit = nested.unit1(nested.stem(IMAGE), training=False)
np.savez(FOLDER / "nested.npz", output=np.asarray(nested(IMAGE, training=False)), unit1=np.asarray(unit), bn=np.asarray(nested.unit2.bn(nested.unit2.conv(unit), training=False)))
sequential = filled(keras.Sequential([keras.Input((12, 10, 3)), layers.Conv2D(2, 3, name="a"), layers.GlobalMaxPooling2D(name="b"), layers.Dense(3, name="c")]))
record(sequential, IMAGE, str(FOLDER / "sequential.safetensors"), taps="all")
assert keras.layers.Layer.__call__ is call, "the class of layers is as it was"
assert all(np.array_equal(*pair) for pair in zip(before, model.get_weights())), "the model is as it was"
assert model.get_layer("head").activation.__name__ == "softmax"
print(json.dumps({"refusals": refusals, "version": keras.__version__}))
