"""Writes networks whose layers Keras numbers, with random weights, for `test_keras_numbered.py`: FOLDER

For each network: NAME.h5 and NAME.weights.h5 (weights), NAME.model.h5 and NAME.keras (whole model), and NAME.reference.safetensors, what it computes before
its softmax. All are built in one session, so that the numbers of the later ones do not begin at 0.
"""
import os
import pathlib
import sys

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["TF_ENABLE_ONEDNN_OPTS"] = "0"
# Behind the installed packages, so that no file of this folder hides one of them.
sys.path += [sys.path.pop(0), str(pathlib.Path(__file__).parents[2] / "Fixtures/keras")]

import keras

import attention_layers
import automatic_networks
import small_network
from keras_networks import fill, image, record

# ResNet-20 as it is published; SE-ResNet-50 at a quarter of its width.
NETWORKS = {f"kobiso-{kind}": lambda kind=kind: automatic_networks.kobiso(None if kind == "plain" else kind) for kind in ("plain", "se", "cbam")}
NETWORKS["qubvel-seresnet50"] = lambda: automatic_networks.qubvel(width=16, classes=10)

folder = pathlib.Path(sys.argv[1])
for name, build in NETWORKS.items():
    network = build()
    fill(network)
    network.save_weights(folder / f"{name}.h5")
    network.save(folder / f"{name}.model.h5", save_format="h5")
    network.save(folder / f"{name}.keras")
    # These hold no names of layers, only their classes, counted by depth.
    keras.src.saving.saving_lib.save_weights_only(network, str(folder / f"{name}.weights.h5"))
    side = network.input.shape[1]
    record(network, image(side, 2), str(folder / f"{name}.reference.safetensors"), weights=str(folder / f"{name}.h5"), taps=None)

# Modules alone. The second and third form name what is inside of the layer by its attributes.
for kind in ("se", "cbam", "bam", "eca", "nam"):
    network = attention_layers.module(kind)
    small_network.fill(network)
    network.save_weights(folder / f"{kind}.h5")
    network.save(folder / f"{kind}.keras")
    keras.src.saving.saving_lib.save_weights_only(network, str(folder / f"{kind}.weights.h5"))
