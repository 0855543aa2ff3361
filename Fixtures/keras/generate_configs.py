"""What Keras says about a network with every form of connection. Run with the Python of each Keras version."""
import os
import pathlib

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["TF_ENABLE_ONEDNN_OPTS"] = "0"

import keras
import tensorflow as tf
from keras import layers

MAJOR = keras.__version__.split(".")[0]


class Halving(layers.Layer):
    """A class that nobody but its author has."""

    def call(self, image):
        return image * 0.5


image = layers.Input((4, 4, 2), name="image")
x = layers.Conv2D(2, 3, padding="same", use_bias=False, activation="relu")(image)
x = keras.Sequential([layers.Input((4, 4, 2)), layers.DepthwiseConv2D(3, padding="same"), layers.BatchNormalization()])(x)
entrance = layers.Input((4, 4, 2))
twice = keras.Model(entrance, layers.Conv2D(2, 1)(entrance))
first, second = twice(x), twice(image)
x = layers.add([second, first])
if MAJOR == "2":
    mean, maximum = tf.reduce_mean(x, axis=-1, keepdims=True), tf.reduce_max(x, axis=-1, keepdims=True)
    x = (tf.sigmoid(x) + 1.0) * x
else:
    mean, maximum = keras.ops.mean(x, axis=-1, keepdims=True), keras.ops.max(x, axis=-1, keepdims=True)
    x = (keras.ops.sigmoid(x) + 1.0) * x
gate = layers.Concatenate()([mean, maximum])
# Compiled from a text, so that no path of a machine is part of the code that Keras writes down.
gate = layers.Lambda(eval("lambda pair: pair[:, :, :, :1]"), output_shape=(4, 4, 1))(gate)
x = Halving()(layers.multiply([x, gate]))
dense = layers.Dense(2, activation="relu")
x = layers.add([dense(layers.GlobalAveragePooling2D()(x)), dense(layers.GlobalMaxPooling2D()(x))])
model = keras.Model(image, x, name="connections")
(pathlib.Path(__file__).parent / "configs" / f"keras{MAJOR}.json").write_text(model.to_json() + "\n")
