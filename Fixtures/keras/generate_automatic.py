"""Files with names that Keras made up. Run with the Python of each Keras version, 2 first."""
import os

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["TF_ENABLE_ONEDNN_OPTS"] = "0"

import keras

import automatic_networks
import record
from small_network import fill

KERAS = f"Keras {keras.__version__}"


def kobiso(attention):
    network = automatic_networks.kobiso(attention, width=4, stages=2, blocks=1, ratio=2, classes=6)
    fill(network)
    return network


if keras.__version__.startswith("2."):
    # Networks before the one that is saved give the numbers of its names an offset.
    for attention in ("se", "cbam"):
        network, name = kobiso(attention), f"kobiso-{attention}"
        record.add_h5(f"{name}.h5", lambda path: network.save_weights(path), KERAS, "keras-hdf5")
        if attention == "cbam":
            record.add_h5(f"{name}.keras2-model.h5", lambda path: network.save(path, save_format="h5"), KERAS, "keras-hdf5")
        record.add_reference(name, automatic_networks.logits(network), side=16)
    network = automatic_networks.qubvel(width=4, repetitions=(1, 1), reduction=4, classes=6, side=32)
    fill(network)
    record.add_h5("qubvel-seresnet.h5", lambda path: network.save_weights(path), f"image-classifiers, {KERAS}", "keras-hdf5")
    record.add_reference("qubvel-seresnet", automatic_networks.logits(network), side=32)
    network = automatic_networks.qubvel_named(width=4, repetitions=(2, 1), reduction=2, classes=6, side=32)
    fill(network)
    record.add_h5("qubvel-preact-seresnet.h5", lambda path: network.save_weights(path), f"image-classifiers, {KERAS}", "keras-hdf5")
    record.add_reference("qubvel-preact-seresnet", automatic_networks.logits(network), side=32)
else:
    record.add_h5("kobiso-cbam.keras3-model.h5", lambda path: kobiso("cbam").save(path), KERAS, "keras-hdf5")

record.finish()
