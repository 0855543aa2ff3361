"""Networks of Keras for `test_keras_export.py`, built by whichever Keras runs this.

save FOLDER: writes each network with random weights, NAME.h5 and, with Keras 3, NAME.weights.h5, and its arrays, NAME.npz.
answer FOLDER: reads jobs from FOLDER/jobs.json and writes their answers to FOLDER/answers.json:
  network, file: load the file into a fresh network. Is every array that of NAME.npz, bit for bit? With images: write what the network
    computes with them to FILE.npz instead.
  same: do two files hold the same datasets, in the order in which Keras loads them?
  describe: the element type, shape and attributes of each dataset of a file.
"""
import json
import os
import pathlib
import sys

os.environ["KERAS_BACKEND"] = "tensorflow"
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["TF_ENABLE_ONEDNN_OPTS"] = "0"
sys.path.append(str(pathlib.Path(__file__).parents[2] / "Fixtures/keras"))

import h5py
import keras
import numpy as np

import automatic_networks
from small_network import fill

SIDE = 56  # 7 behind two stages, which tf2cv pools


def kobiso():
    return automatic_networks.kobiso("cbam", width=8, stages=2, blocks=2, ratio=2, classes=6)


def applications(name, **options):
    return getattr(keras.applications, name)(weights=None, input_shape=(96, 96, 3), classes=20, **options)


NETWORKS = {
    "kobiso-cbam": kobiso, "applications-ResNet50": lambda: applications("ResNet50"),
    "applications-MobileNetV2": lambda: applications("MobileNetV2", alpha=0.35),
}

if keras.__version__.startswith("2."):
    from tf2cv.models import bamresnet, cbamresnet, resnet, seresnet

    def tf2cv(kind, bottleneck, **options):
        network = kind(channels=[[32, 32], [64]], init_block_channels=32, bottleneck=bottleneck, in_size=(SIDE, SIDE), classes=6, **options)
        network(np.zeros((1, SIDE, SIDE, 3), np.float32))
        return network

    for name, kind in {"resnet": resnet.ResNet, "seresnet": seresnet.SEResNet, "cbam_resnet": cbamresnet.CbamResNet, "bam_resnet": bamresnet.BamResNet}.items():
        for bottleneck in (False, True):
            options = {} if "bam" in name else {"conv1_stride": True}
            NETWORKS[f"{name}-{'bottleneck' if bottleneck else 'basic'}"] = lambda a=(kind, bottleneck), b=options: tf2cv(*a, **b)
    NETWORKS["qubvel-seresnet"] = lambda: automatic_networks.qubvel(width=8, repetitions=(2, 1), reduction=4, classes=6, side=32)


def contents(path):
    """What Keras goes by: the values layer by layer in the order of its lists, or by their paths where there are no lists."""
    with h5py.File(path) as file:
        root = file["model_weights"] if "model_weights" in file else file
        if "layer_names" in root.attrs:
            layers = [(layer, list(root[layer].attrs["weight_names"])) for layer in root.attrs["layer_names"]]
            return [(layer, [root[layer][name][()].tobytes() for name in names]) for layer, names in layers if names]
        found = []

        def visit(name, item):
            if isinstance(item, h5py.Dataset):
                found.append((name, item.dtype.str, item.shape, item[()].tobytes(), item.parent.attrs.get("name")))

        file.visititems(visit)
        return found


def describe(path):
    with h5py.File(path) as file:
        found = []
        file.visititems(lambda name, item: found.append([item.dtype.str, list(item.shape), dict(item.attrs)]) if isinstance(item, h5py.Dataset) else None)
        return found


def answer(job):
    if "same" in job:
        first, second = job["same"]
        return contents(folder / first) == contents(folder / second)
    if "describe" in job:
        return describe(folder / job["describe"])
    keras.backend.clear_session()
    network = NETWORKS[job["network"]]()
    network.load_weights(str(folder / job["file"]), **job.get("options", {}))
    if "images" in job:
        images = np.ascontiguousarray(np.load(folder / job["images"])["images"].transpose(0, 2, 3, 1))
        np.savez(folder / f"{job['file']}.npz", output=np.asarray(network(images, training=False)))
        return None
    wanted, found = list(np.load(folder / f"{job['network']}.npz").values()), network.get_weights()
    same = [a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes() for a, b in zip(found, wanted)]
    return len(found) == len(wanted) and all(same)


command, folder = sys.argv[1], pathlib.Path(sys.argv[2])
if command == "save":
    for name, build in NETWORKS.items():
        network = build()
        fill(network)
        if keras.__version__.startswith("2."):
            network.save_weights(str(folder / f"{name}.h5"))
        else:
            network.save(folder / f"{name}.h5")
            network.save_weights(folder / f"{name}.weights.h5")
        np.savez(folder / f"{name}.npz", *network.get_weights())
else:
    answers = [answer(job) for job in json.loads((folder / "jobs.json").read_text())]
    (folder / "answers.json").write_text(json.dumps(answers))
