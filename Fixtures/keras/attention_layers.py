"""Attention modules as layers of their own, the way Keras users write them, for whichever Keras is installed.

Nobody names the layers inside, so Keras does. NAM comes twice: around a norm, and with the weights of its norm as its own.
"""
import keras
from keras import layers

try:
    from keras import ops
except ImportError:  # Keras 2
    import tensorflow as tf

    class ops:
        mean, max, sum, abs, sigmoid, relu, sqrt = tf.reduce_mean, tf.reduce_max, tf.reduce_sum, tf.abs, tf.sigmoid, tf.nn.relu, tf.sqrt
        concatenate, expand_dims, squeeze = tf.concat, tf.expand_dims, tf.squeeze


class SE(layers.Layer):
    def build(self, shape):
        self.fc1 = layers.Dense(shape[-1] // 4, activation="relu", use_bias=False)
        self.fc2 = layers.Dense(shape[-1], activation="sigmoid", use_bias=False)

    def call(self, x):
        return x * self.fc2(self.fc1(ops.mean(x, axis=[1, 2])))[:, None, None, :]


class CBAM(layers.Layer):
    def build(self, shape):
        self.fc1, self.fc2 = layers.Dense(shape[-1] // 4, activation="relu"), layers.Dense(shape[-1])
        self.conv = layers.Conv2D(1, 7, padding="same", activation="sigmoid", use_bias=False)

    def call(self, x):
        gate = ops.sigmoid(self.fc2(self.fc1(ops.mean(x, axis=[1, 2]))) + self.fc2(self.fc1(ops.max(x, axis=[1, 2]))))
        x = x * gate[:, None, None, :]
        return x * self.conv(ops.concatenate([ops.mean(x, axis=-1, keepdims=True), ops.max(x, axis=-1, keepdims=True)], axis=-1))


class BAM(layers.Layer):
    def build(self, shape):
        hidden = shape[-1] // 4
        self.fc1, self.bn1, self.fc2 = layers.Dense(hidden), layers.BatchNormalization(), layers.Dense(shape[-1])
        self.conv1, self.bn2 = layers.Conv2D(hidden, 1), layers.BatchNormalization()
        self.conv2, self.bn3 = layers.Conv2D(hidden, 3, padding="same", dilation_rate=4), layers.BatchNormalization()
        self.conv3, self.bn4 = layers.Conv2D(hidden, 3, padding="same", dilation_rate=4), layers.BatchNormalization()
        self.conv4 = layers.Conv2D(1, 1)

    def call(self, x):
        channel = self.fc2(ops.relu(self.bn1(self.fc1(ops.mean(x, axis=[1, 2])), training=False)))
        spatial = x
        for convolution, norm in ((self.conv1, self.bn2), (self.conv2, self.bn3), (self.conv3, self.bn4)):
            spatial = ops.relu(norm(convolution(spatial), training=False))
        return x * (1.0 + ops.sigmoid(channel[:, None, None, :] * self.conv4(spatial)))


class ECA(layers.Layer):
    def build(self, shape):
        self.conv = layers.Conv1D(1, 3, padding="same", use_bias=False)

    def call(self, x):
        gate = self.conv(ops.expand_dims(ops.mean(x, axis=[1, 2]), -1))
        return x * ops.sigmoid(ops.squeeze(gate, -1))[:, None, None, :]


class NAM(layers.Layer):
    def build(self, shape):
        self.bn = layers.BatchNormalization()

    def call(self, x):
        normed = self.bn(x, training=False)
        return x * ops.sigmoid(normed * ops.abs(self.bn.gamma) / ops.sum(ops.abs(self.bn.gamma)))


class OwnNAM(layers.Layer):
    """Without statistics the norm is taken as one that leaves its input as it is, but for the epsilon."""

    def __init__(self, has_statistics=True, **options):
        super().__init__(**options)
        self.has_statistics = has_statistics

    def build(self, shape):
        self.gamma = self.add_weight(name="gamma", shape=(shape[-1],))
        self.beta = self.add_weight(name="beta", shape=(shape[-1],))
        self.mean, self.variance = 0.0, 1.0
        if self.has_statistics:
            self.mean = self.add_weight(name="moving_mean", shape=(shape[-1],), trainable=False)
            self.variance = self.add_weight(name="moving_variance", shape=(shape[-1],), trainable=False)

    def call(self, x):
        normed = (x - self.mean) / (self.variance + 0.001) ** 0.5 * self.gamma + self.beta
        return x * ops.sigmoid(normed * ops.abs(self.gamma) / ops.sum(ops.abs(self.gamma)))


LAYERS = {"se": SE, "cbam": CBAM, "bam": BAM, "eca": ECA, "nam": NAM, "own-nam": OwnNAM,
          "nam-without-statistics": lambda **options: OwnNAM(has_statistics=False, **options)}


def module(kind, channels=8, side=6):
    """A network of nothing but one such layer."""
    image = layers.Input((side, side, channels))
    return keras.Model(image, LAYERS[kind](name=kind.split("-")[-1] if kind == "own-nam" else kind.split("-")[0])(image))
