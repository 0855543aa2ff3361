"""Networks whose layers nobody named, as the code bases of two dialects build them, for whichever Keras is installed."""
import keras
from keras import layers

try:
    from keras import ops
except ImportError:  # Keras 2
    import tensorflow as tf

    class ops:
        mean, max = tf.reduce_mean, tf.reduce_max


def _normed(x, channels, kernel=3, strides=1):
    return layers.BatchNormalization()(layers.Conv2D(channels, kernel, strides=strides, padding="same")(x))


def _se(x, ratio):
    channels = x.shape[-1]
    gate = layers.Reshape((1, 1, channels))(layers.GlobalAveragePooling2D()(x))
    gate = layers.Dense(channels // ratio, activation="relu")(gate)
    return layers.multiply([x, layers.Dense(channels, activation="sigmoid")(gate)])


def _cbam(x, ratio):
    channels = x.shape[-1]
    reduce, expand = layers.Dense(channels // ratio, activation="relu"), layers.Dense(channels)
    vectors = [layers.Reshape((1, 1, channels))(pool()(x)) for pool in (layers.GlobalAveragePooling2D, layers.GlobalMaxPooling2D)]
    gate = layers.Activation("sigmoid")(layers.add([expand(reduce(vector)) for vector in vectors]))
    x = layers.multiply([x, gate])
    # Compiled from texts, so that no path of a machine is part of the code that Keras writes down.
    scope = {"ops": ops}
    mean = layers.Lambda(eval("lambda x: ops.mean(x, axis=3, keepdims=True)", scope), output_shape=x.shape[1:3] + (1,))(x)
    maximum = layers.Lambda(eval("lambda x: ops.max(x, axis=3, keepdims=True)", scope), output_shape=x.shape[1:3] + (1,))(x)
    gate = layers.Conv2D(1, 7, padding="same", activation="sigmoid", use_bias=False)(layers.Concatenate(axis=3)([mean, maximum]))
    return layers.multiply([x, gate])


def kobiso(attention=None, width=16, stages=3, blocks=3, ratio=8, classes=10):
    """The ResNet v1 of kobiso/CBAM-keras, from what it computes: biases everywhere, no norm in shortcuts."""
    side = 8 << (stages - 1)
    image = layers.Input((side, side, 3))
    x = layers.Activation("relu")(_normed(image, width))
    for stage in range(stages):
        for block in range(blocks):
            channels, strides = width << stage, 2 if stage > 0 and block == 0 else 1
            y = layers.Activation("relu")(_normed(x, channels, strides=strides))
            y = _normed(y, channels)
            if strides == 2:
                x = layers.Conv2D(channels, 1, strides=2, padding="same")(x)
            if attention:
                y = {"se": _se, "cbam": _cbam}[attention](y, ratio)
            x = layers.Activation("relu")(layers.add([x, y]))
    x = layers.Flatten()(layers.AveragePooling2D(8)(x))
    return keras.Model(image, layers.Dense(classes, activation="softmax")(x))


def qubvel(width=64, repetitions=(3, 4, 6, 3), reduction=16, classes=1000, side=224):
    """The SE-ResNet of qubvel/classification_models, built by the package; Keras 2 only."""
    import tensorflow as tf
    from classification_models.models import senet

    parts = {"backend": tf.keras.backend, "layers": tf.keras.layers, "models": tf.keras.models, "utils": tf.keras.utils}
    kind = senet.ModelParams("", repetitions=repetitions, residual_block=senet.SEResNetBottleneck, groups=1,
                             reduction=reduction, init_filters=width, input_3x3=False, dropout=None)
    return senet.SENet(kind, input_shape=(side, side, 3), weights=None, classes=classes, **parts)


def qubvel_named(width=64, repetitions=(2, 2, 2, 2), reduction=16, classes=1000, side=224):
    """The pre-activation SE-ResNet of the same package, whose layers have names but for those of SE; Keras 2 only."""
    import inspect

    import tensorflow as tf
    from classification_models.models import _common_blocks, resnet

    # The width is a number in the code.
    exec(inspect.getsource(resnet.ResNet).replace("init_filters = 64", f"init_filters = {width}"), vars(resnet))
    parts = {"backend": tf.keras.backend, "layers": tf.keras.layers, "models": tf.keras.models, "utils": tf.keras.utils}
    kind = resnet.ModelParams("", repetitions, resnet.residual_conv_block, lambda **own: _common_blocks.ChannelSE(reduction, **own))
    return resnet.ResNet(kind, input_shape=(side, side, 3), weights=None, classes=classes, **parts)


def logits(network):
    """The same network up to the softmax, which the canonical ones leave out."""
    last = network.layers[-1]
    if last.weights:
        last.activation = keras.activations.linear
        return network
    return keras.Model(network.input, network.layers[-2].output)
