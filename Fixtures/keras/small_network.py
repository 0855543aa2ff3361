"""The small network of the fixtures and its weights, for whichever Keras is installed."""
import numpy as np
import keras
from keras import layers


def fill(model) -> None:
    """Reproducible values: a function of the variable's place and shape alone."""
    arrays = []
    for number, weight in enumerate(model.weights):
        stream = np.random.Generator(np.random.PCG64(number))
        low, high = (0.5, 1.5) if "variance" in weight.name else (-0.5, 0.5)
        arrays.append((low + (high - low) * stream.random(weight.shape)).astype(np.float32))
    model.set_weights(arrays)


def small_model():
    """Every kind of layer whose weights Keras arranges otherwise than PyTorch, and one model inside of another."""
    inner = keras.Sequential([layers.Input((4, 4, 2)), layers.DepthwiseConv2D(3, padding="same", name="spread"),
                              layers.BatchNormalization(name="scale")], name="inner")
    image = layers.Input((8, 8, 3), name="image")
    x = layers.Conv2D(2, 3, strides=2, padding="same", use_bias=False, name="first")(image)
    x = layers.BatchNormalization(name="norm")(x)
    x = layers.Activation("relu", name="relu")(x)
    x = inner(x)
    x = layers.GlobalAveragePooling2D(name="pool")(x)
    return keras.Model(image, layers.Dense(5, name="classes")(x), name="small")


class Gate(layers.Layer):
    """Somebody's own layer, with layers of its own as attributes and in a list."""

    def __init__(self, **options):
        super().__init__(**options)
        self.branches = [layers.Conv2D(2, 1, name="narrow"), layers.Conv2D(2, 3, padding="same", use_bias=False, name="wide")]
        self.gate = layers.Dense(2, name="weigh")

    def build(self, shape):
        for branch in self.branches:
            branch.build(shape)
        self.gate.build(shape)
        self.balance = self.add_weight(shape=(2,), name="balance")

    def call(self, image):
        return self.gate(self.branches[0](image) + self.branches[1](image)) * self.balance


def nested_model():
    """Models inside of a model, a layer of somebody's own, and normalisations without factor or offset."""
    image = layers.Input((8, 8, 2), name="small_image")
    body = keras.Model(image, layers.BatchNormalization(name="norm")(layers.Conv2D(2, 1, name="mix")(image)), name="body")
    tail = keras.Sequential([layers.Input((8, 8, 2)), layers.SeparableConv2D(2, 3, padding="same", name="apart"),
                             layers.BatchNormalization(scale=False, name="shift"), layers.BatchNormalization(center=False, name="stretch")], name="tail")
    image = layers.Input((8, 8, 2), name="image")
    x = layers.Conv2D(2, 3, padding="same", name="z_first")(image)
    x = Gate(name="gate")(tail(body(x)))
    return keras.Model(image, layers.Dense(3, name="classes")(layers.Conv2D(2, 1, name="a_last")(x)), name="nested")
