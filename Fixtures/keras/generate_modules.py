"""Attention modules alone in their files. Run with the Python of each Keras version, 2 first."""
import os

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["TF_ENABLE_ONEDNN_OPTS"] = "0"

import keras
import numpy as np

import attention_layers
import record
from small_network import fill

KERAS = f"Keras {keras.__version__}"
(record.HERE / "modules").mkdir(exist_ok=True)


class Alone(keras.Model):
    """A network of nothing but one layer, which needs to be told that nobody trains it."""

    def __init__(self, layer):
        super().__init__()
        self.layer = layer

    def call(self, image, training=None):
        return self.layer(image, training=training)


def add(name, network, writer, save, channels):
    fill(network)
    record.add_h5(f"modules/{name}.h5", save, writer, "keras-hdf5")
    record.add_reference(f"modules/{name}", network, side=6, channels=channels)


if keras.__version__.startswith("2."):
    from tf2cv.models import bamresnet, cbamresnet, common

    for kind in attention_layers.LAYERS:
        network = attention_layers.module(kind)
        add(kind, network, KERAS, lambda path: network.save_weights(path), 8)
    for kind, layer in (("se", common.SEBlock), ("cbam", cbamresnet.CbamBlock), ("bam", bamresnet.BamBlock)):
        network = Alone(layer(32, name=kind))
        network(np.zeros((1, 6, 6, 32), "float32"))
        add(f"tf2cv-{kind}", network, f"tf2cv, {KERAS}", lambda path: network.save_weights(path), 32)
else:
    for kind in attention_layers.LAYERS:
        network = attention_layers.module(kind)
        add(f"keras3-{kind}", network, KERAS, lambda path: network.save(path), 8)

record.finish()
