"""Networks whose layers have the names that Keras makes up, with what they compute. Run with the Python of each Keras version.

Each is saved with weights and configuration, then its layers get names in another order, the configuration lists them in
another order, and what is added and multiplied changes places: none of that changes the network.
"""
import json
import os
import pathlib
import random
import re
import sys

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["TF_ENABLE_ONEDNN_OPTS"] = "0"

import h5py
import keras
import numpy as np
import tensorflow as tf
from keras import layers as L
from keras.src.saving.serialization_lib import enable_unsafe_deserialization

MAJOR = keras.__version__[0]
HERE = pathlib.Path(__file__).parent / "structures"


def statistics(x, names, through_lambda=False):
    """Mean or maximum over the channels."""
    if through_lambda:
        # Compiled from a text, so that no path of a machine is part of the code that Keras writes down.
        module, prefix = ("tensorflow", "reduce_") if MAJOR == "2" else ("keras", "ops.")
        return [L.Lambda(eval(f"lambda x: __import__('{module}').{prefix}{name}(x, axis=3, keepdims=True)"), output_shape=tuple(x.shape[1:3]) + (1,))(x) for name in names]
    if MAJOR == "2":
        return [getattr(tf, f"reduce_{name}")(x, axis=-1, keepdims=True) for name in names]
    return [getattr(keras.ops, name)(x, axis=-1, keepdims=True) for name in names]


def dense_se(x):
    channels = x.shape[-1]
    gate = L.Reshape((1, 1, channels))(L.GlobalAveragePooling2D()(x))
    gate = L.Dense(channels, activation="sigmoid")(L.Dense(channels // 4, activation="relu")(gate))
    return L.multiply([x, gate])


def convolution_se(x):
    channels = x.shape[-1]
    gate = L.Conv2D(channels // 4, 1, activation="relu")(L.GlobalAveragePooling2D(keepdims=True)(x))
    return L.Multiply()([L.Conv2D(channels, 1, activation="sigmoid")(gate), x])


def eca(x):
    channels = x.shape[-1]
    gate = L.Reshape((channels, 1))(L.GlobalAveragePooling2D()(x))
    gate = L.Activation("sigmoid")(L.Conv1D(1, 3, padding="same", use_bias=False)(gate))
    return L.Multiply()([x, L.Reshape((1, 1, channels))(gate)])


def lambda_cbam(x, names=("mean", "max"), through_lambda=True):
    """The mean first, no norm, as in CBAM-keras."""
    channels = x.shape[-1]
    first, second = L.Dense(channels // 8, activation="relu"), L.Dense(channels)
    pooled = [L.Reshape((1, 1, channels))(pool()(x)) for pool in (L.GlobalAveragePooling2D, L.GlobalMaxPooling2D)]
    x = L.multiply([x, L.Activation("sigmoid")(L.Add()([second(first(vector)) for vector in pooled]))])
    gate = L.Concatenate(axis=3)(statistics(x, names, through_lambda))
    return L.multiply([x, L.Conv2D(1, 7, padding="same", activation="sigmoid", use_bias=False)(gate)])


def cbam(x):
    """The maximum first and a norm, as the authors' code."""
    channels = x.shape[-1]
    first, second = L.Dense(channels // 4, activation="relu"), L.Dense(channels)
    gate = L.Add()([second(first(L.GlobalMaxPooling2D()(x))), second(first(L.GlobalAveragePooling2D()(x)))])
    x = L.Multiply()([x, L.Reshape((1, 1, channels))(L.Activation("sigmoid")(gate))])
    gate = L.Concatenate()(statistics(x, ["max", "mean"]))
    gate = L.BatchNormalization(epsilon=1e-5)(L.Conv2D(1, 7, padding="same", use_bias=False)(gate))
    return L.Multiply()([x, L.Activation("sigmoid")(gate)])


def bam(x):
    def norm(y):
        return L.ReLU()(L.BatchNormalization(epsilon=1e-5)(y))

    channels = x.shape[-1]
    vector = L.Dense(channels)(norm(L.Dense(channels // 4)(L.GlobalAveragePooling2D()(x))))
    gate = norm(L.Conv2D(channels // 4, 1)(x))
    for _ in range(2):
        gate = norm(L.Conv2D(channels // 4, 3, padding="same", dilation_rate=4)(gate))
    gate = L.Activation("sigmoid")(L.Multiply()([L.Reshape((1, 1, channels))(vector), L.Conv2D(1, 1)(gate)]))
    return L.Multiply()([x, gate + 1.0])


def cifar(attention, width=8, stages=2):
    """Biases, padding `same`, shortcuts without norm: a ResNet v1 as in CBAM-keras, with a softmax."""

    def unit(x, filters, kernel=3, strides=1, activates=True, norm=True):
        x = L.Conv2D(filters, kernel, strides=strides, padding="same")(x)
        x = L.BatchNormalization()(x) if norm else x
        return L.Activation("relu")(x) if activates else x

    image = L.Input((16, 16, 3))
    x = unit(image, width)
    for stage in range(stages):
        strides = 2 if stage else 1
        y = unit(unit(x, width << stage, strides=strides), width << stage, activates=False)
        if stage:
            x = unit(x, width << stage, 1, strides, False, False)
        x = L.Activation("relu")(L.add([x, attention(y)]))
    x = L.Flatten()(L.AveragePooling2D(8)(x))
    return keras.Model(image, L.Dense(5, activation="softmax")(x))


def resnet(inside=None, between=None, bottleneck=False, width=8):
    """Zeros before `valid` convolutions, no biases, a norm in every shortcut: as in PyTorch."""

    def convolution(x, filters, kernel, strides=1):
        x = L.ZeroPadding2D(kernel // 2)(x) if kernel > 1 else x
        return L.BatchNormalization(epsilon=1e-5)(L.Conv2D(filters, kernel, strides=strides, use_bias=False)(x))

    image = L.Input((32, 32, 3))
    x = L.MaxPooling2D(3, 2)(L.ZeroPadding2D(1)(L.ReLU()(convolution(image, width, 7, 2))))
    for stage in range(2):
        filters, strides = width << stage, 1 + stage
        kernels = [(1, 1), (3, strides), (1, 1)] if bottleneck else [(3, strides), (3, 1)]
        y = x
        for number, (kernel, step) in enumerate(kernels):
            last = number == len(kernels) - 1
            y = convolution(y, filters * 4 if bottleneck and last else filters, kernel, step)
            y = y if last else L.ReLU()(y)
        y = inside(y) if inside else y
        x = convolution(x, y.shape[-1], 1, strides) if strides > 1 or x.shape[-1] != y.shape[-1] else x
        x = L.ReLU()(L.Add()([y, x]))
        x = between(x) if between and stage == 0 else x
    return keras.Model(image, L.Dense(5)(L.GlobalAveragePooling2D()(x)))


def preactivated(width=8):
    """Norm and ReLU before each convolution, a norm without a scale before all, as in qubvel's ResNets."""

    def activation(x):
        return L.Activation("relu")(L.BatchNormalization(epsilon=2e-5)(x))

    def convolution(x, filters, kernel, strides=1):
        x = L.ZeroPadding2D(kernel // 2)(x) if kernel > 1 else x
        return L.Conv2D(filters, kernel, strides=strides, use_bias=False)(x)

    image = L.Input((32, 32, 3))
    x = activation(convolution(L.BatchNormalization(epsilon=2e-5, scale=False)(image), width, 7, 2))
    x = L.MaxPooling2D(3, 2)(L.ZeroPadding2D(1)(x))
    for stage in range(2):
        for block in range(2):
            filters, strides = width << stage, 2 if stage and not block else 1
            y = activation(x)
            x = x if block else convolution(y, filters, 1, strides)
            y = convolution(activation(convolution(y, filters, 3, strides)), filters, 3)
            x = L.Add()([convolution_se(y), x])
    return keras.Model(image, L.Dense(5)(L.GlobalAveragePooling2D()(activation(x))))


def nested():
    """A stem in a `Sequential`, a block in a model of its own."""
    image = L.Input((16, 16, 3))
    x = keras.Sequential([L.Input((16, 16, 3)), L.ZeroPadding2D(1), L.Conv2D(8, 3, use_bias=False), L.BatchNormalization(), L.ReLU()])(image)
    entrance = L.Input((16, 16, 8))
    y = L.BatchNormalization()(L.Conv2D(8, 3, padding="same", use_bias=False, name="first")(entrance))
    y = L.BatchNormalization()(L.Conv2D(8, 3, padding="same", use_bias=False)(L.ReLU()(y)))
    x = keras.Model(entrance, L.ReLU()(L.Add()([y, entrance])))(x)
    return keras.Model(image, L.Dense(5)(L.GlobalAveragePooling2D()(x)))


def module(attention):
    image = L.Input((8, 8, 8))
    return keras.Model(image, attention(image))


NETWORKS = {
    # Its layers have the names and shapes of CBAM-keras; only the connections tell the order.
    "cifar-max-first": lambda: cifar(lambda x: lambda_cbam(x, ("max", "mean"), False)),
    "cifar-cbam": lambda: cifar(lambda_cbam), "cifar-se": lambda: cifar(dense_se),
    "resnet-se": lambda: resnet(convolution_se), "resnet-eca": lambda: resnet(eca), "resnet-cbam": lambda: resnet(cbam),
    "resnet-bam": lambda: resnet(None, bam), "bottleneck": lambda: resnet(bottleneck=True, width=4), "preactivated": preactivated, "nested": nested,
    "mobilenetv2": lambda: keras.applications.MobileNetV2(weights=None, alpha=0.35, input_shape=(96, 96, 3), classes=5),
    "module-se": lambda: module(dense_se), "module-cbam": lambda: module(lambda_cbam), "module-bam": lambda: module(bam), "module-eca": lambda: module(eca),
}


def fill(model) -> None:
    """Reproducible values for which every step matters."""
    arrays = []
    for number, weight in enumerate(model.weights):
        stream = np.random.Generator(np.random.PCG64(number))
        name = weight.name if MAJOR == "2" else weight.path
        if "variance" in name or "gamma" in name:
            value = 0.5 + stream.random(weight.shape)
        elif len(weight.shape) > 1:
            value = (stream.random(weight.shape) * 2 - 1) * np.sqrt(6 / np.prod(weight.shape[:-1]))
        else:
            value = stream.random(weight.shape) * 0.4 - 0.2
        arrays.append(value.astype(np.float32))
    model.set_weights(arrays)


def renamed(model, seed: int):
    """The same network with made-up names whose numbers say nothing, and with the operands of sums and products exchanged."""
    stream = random.Random(seed)
    config = model.get_config()
    names, classes = {}, {}
    for layer in config["layers"]:
        classes.setdefault(re.sub(r"(?<=[a-z])(?=[A-Z])", "_", layer["class_name"]).lower(), []).append(layer["name"])
    for kind, members in classes.items():
        numbers = stream.sample(range(len(members)), len(members))
        names.update({member: f"{kind}_{number}" if number else kind for member, number in zip(members, numbers)})

    def changed(value):
        if isinstance(value, dict):
            return {key: names.get(entry, entry) if key == "name" and isinstance(entry, str) else changed(entry) for key, entry in value.items()}
        if isinstance(value, (list, tuple)):
            if len(value) >= 3 and isinstance(value[0], str) and isinstance(value[1], int):
                return [names.get(value[0], value[0])] + [changed(entry) for entry in value[1:]]
            return [changed(entry) for entry in value]
        return value

    config = changed(config)
    for layer in config["layers"]:
        if layer["class_name"] in ("Add", "Multiply"):
            for node in layer["inbound_nodes"]:
                operands = node["args"][0] if isinstance(node, dict) else node
                if isinstance(operands, list):
                    operands.reverse()
    enable_unsafe_deserialization()
    other = keras.Model.from_config(config)
    for layer in model.layers:
        other.get_layer(names[layer.name]).set_weights(layer.get_weights())
    return other


def logits(model):
    last = model.layers[-1]
    if getattr(last, "activation", None) is keras.activations.softmax:
        last.activation = keras.activations.linear
    return model


def reference(name: str, model) -> None:
    """What the network computes before a softmax: N,C,H,W and little-endian."""
    stream = np.random.Generator(np.random.PCG64(7))
    image = (stream.random((1,) + tuple(model.input_shape[1:])) * 2 - 1).astype(np.float32)
    tf.config.run_functions_eagerly(True)
    output = np.asarray(logits(model)(image, training=False), np.float32)
    output = output.transpose(0, 3, 1, 2) if output.ndim == 4 else output
    header, data = {}, b""
    for key, value in {"input": image.transpose(0, 3, 1, 2), "output": output}.items():
        header[key] = {"dtype": "F32", "shape": list(value.shape), "data_offsets": [len(data), len(data) + value.nbytes]}
        data += np.ascontiguousarray(value).tobytes()
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    (HERE / f"{name}.reference.safetensors").write_bytes(len(text).to_bytes(8, "little") + text + data)


def save(name: str, model, seed=None) -> None:
    path = HERE / f"{name}.h5"
    path.unlink(missing_ok=True)
    model.save(str(path), **({"save_format": "h5"} if MAJOR == "2" else {}))
    if seed is None:
        return
    # A copy, because HDF5 keeps the place of an attribute that was replaced.
    saved = path.rename(path.with_suffix(".saved"))
    with h5py.File(saved) as old, h5py.File(path, "w") as new:
        old.copy("model_weights", new)
        for key, value in old.attrs.items():
            if key == "model_config":
                config = json.loads(value)
                random.Random(seed).shuffle(config["config"]["layers"])
                value = json.dumps(config, separators=(",", ":"))
            new.attrs[key] = value
    saved.unlink()


if __name__ == "__main__":
    HERE = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else HERE
    everything = len(sys.argv) > 1
    kept = {"2": ["cifar-cbam", "module-se"], "3": ["resnet-se", "module-bam"]}[MAJOR]
    for name, build in NETWORKS.items():
        keras.backend.clear_session()
        network = build()
        fill(network)
        if everything or name in kept:
            shuffled = name not in ("nested", "cifar-max-first")
            save(f"keras{MAJOR}-{name}", renamed(network, 3) if shuffled else network, 5 if shuffled else None)
            if everything and name == "resnet-cbam":
                network.save(HERE / f"keras{MAJOR}-{name}.keras")
                inner = keras.Model(network.input, network.output, name="net_1.0")
                image = L.Input(inner.input_shape[1:])
                keras.Model(image, L.Dense(2)(L.Rescaling(2.0)(inner(image)))).save(HERE / f"keras{MAJOR}-inside.h5")
            reference(f"keras{MAJOR}-{name}", network)
