"""Files of Keras 2.15 and tf2cv. Run with `.venv-keras2/bin/python`, before `generate_keras3.py`, which adds its own."""
import os

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["TF_ENABLE_ONEDNN_OPTS"] = "0"

import h5py
import keras
import numpy as np
import tensorflow as tf
from keras.src.applications import resnet as applications
from tf2cv.models import bamresnet, cbamresnet, resnet, seresnet
from tf2cv.models import common as tf2cv_common

import record
from small_network import fill, small_model

KERAS = f"Keras {keras.__version__}"

model = small_model()
fill(model)
record.add_h5("keras2.weights-only.h5", lambda path: model.save_weights(path), KERAS, "keras-hdf5")
model.compile("adam", "mse")
model.train_on_batch(np.ones((1, 8, 8, 3), "float32"), np.ones((1, 5), "float32"))  # makes the optimizer's variables
fill(model)
record.add_h5("keras2.model.h5", lambda path: model.save(path, save_format="h5"), KERAS, "keras-hdf5")


def plain_name(name):
    """TensorFlow adds the number of an operation's output to the names of `.h5` files only."""
    return name.removesuffix(":0")


def numbered_name(name):
    """Weights alone do not say what their layers are called, nor which version of Keras wrote them."""
    table = {"first/first": "layers/conv2d/layers/conv2d", "norm/norm": "layers/batch_normalization/layers/batch_normalization",
             "inner/spread": "layers/sequential/layers/sequential/layers/depthwise_conv2d",
             "inner/scale": "layers/sequential/layers/sequential/layers/batch_normalization", "classes/classes": "layers/dense/layers/dense"}
    module, leaf = plain_name(name).rsplit("/", 1)
    return f"{table[module]}/{leaf.removeprefix('depthwise_')}"


record.add_archive("keras2.keras", lambda path: model.save(path), KERAS, record.renamed("keras2.weights-only", plain_name))
record.add_h5("keras2.weights.h5", lambda path: keras.src.saving.saving_lib.save_weights_only(model, path), KERAS, "keras-weights",
              record.renamed("keras2.weights-only", numbered_name),
              ['the file does not name its layers: they keep their numbers, as in "layers/batch_normalization"'])

# The same weights as other programs and older versions store them.
source = record.HERE / "keras2.weights-only.h5"
WRITER = f"this generator, by h5py {h5py.__version__}, from keras2.weights-only.h5"


def rewrite(name: str, options: dict, store, text=None, container="keras-hdf5") -> None:
    def write(path):
        with h5py.File(source) as old, h5py.File(path, "w", **options) as new:
            def copy(group, target):
                for key, value in group.attrs.items():
                    if isinstance(value, np.ndarray) and value.dtype == object and text:
                        text(target.attrs, key, [entry for entry in value])
                    else:
                        target.attrs[key] = value
                for key, value in group.items():
                    if isinstance(value, h5py.Group):
                        copy(value, target.create_group(key))
                    else:
                        store(target, key, value[()])
            copy(old, new)
    record.add_h5(name, write, WRITER, container)


def plain(group, key, value):
    group.create_dataset(key, data=value)


def fixed_text(attributes, key, texts):
    """What h5py before version 3 wrote: texts of one width, padded with zeros."""
    attributes[key] = np.array([entry.encode() for entry in texts], dtype="S")


def split_text(attributes, key, texts):
    """What Keras does with lists of more than 64512 bytes."""
    for part in range(0, len(texts), 2):
        attributes[f"{key}{part // 2}"] = texts[part:part + 2]


rewrite("fixed-text.h5", {}, plain, fixed_text)
rewrite("split-names.h5", {}, plain, split_text)
rewrite("latest.h5", {"libver": "latest"}, plain)
rewrite("deflated.h5", {}, lambda group, key, value: group.create_dataset(
    key, data=value, chunks=tuple(max(1, (side + 1) // 2) for side in value.shape), compression=4, shuffle=True, fletcher32=True))
rewrite("latest-chunked.h5", {"libver": "latest"}, lambda group, key, value: group.create_dataset(key, data=value, chunks=value.shape))
kinds = {"kernel:0": "<f2", "bias:0": ">f4", "gamma:0": "<f8", "beta:0": ">f2", "moving_mean:0": ">f8"}
rewrite("types.h5", {}, lambda group, key, value: group.create_dataset(key, data=value.astype(kinds.get(key, "<f4"))))


def compact(group, key, value):
    properties = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    properties.set_layout(h5py.h5d.COMPACT)
    space = h5py.h5s.create_simple(value.shape)
    h5py.h5d.create(group.id, key.encode(), h5py.h5t.IEEE_F32LE, space, properties).write(space, space, value)


rewrite("compact.h5", {}, compact)


# Networks of tf2cv with few channels: two stages of one block, because HDF5 takes 700 bytes for each group.
def halved():
    """tf2cv fixes the reduction of attention at 16, which leaves nothing of 4 channels."""
    for initialiser in (tf2cv_common.SEBlock.__init__, cbamresnet.CbamBlock.__init__, bamresnet.ChannelGate.__init__, bamresnet.SpatialGate.__init__):
        initialiser.__defaults__ = tuple(2 if default == 16 else default for default in initialiser.__defaults__)


halved()
NETWORKS = {"tf2cv-resnet": resnet.ResNet, "tf2cv-seresnet": seresnet.SEResNet, "tf2cv-cbam-resnet": cbamresnet.CbamResNet, "tf2cv-bam-resnet": bamresnet.BamResNet}
for name, kind in NETWORKS.items():
    options = {"conv1_stride": True} if "bam" not in name else {}
    network = kind(channels=[[4], [8]], init_block_channels=4, bottleneck=False, in_size=(56, 56), classes=6, **options)
    network(np.zeros((1, 56, 56, 3), "float32"))
    fill(network)
    record.add_h5(f"{name}.h5", lambda path: network.save_weights(path), f"tf2cv, {KERAS}", "keras-hdf5")
    if name != "tf2cv-resnet":
        record.add_reference(name, network)


# The ResNet of keras.applications, whose stem has 64 channels and whose shortcuts follow from the first block's channels.
def stages(x):
    x = applications.stack1(x, 4, 1, stride1=1, name="conv2")
    return applications.stack1(x, 6, 1, name="conv3")


# 45 is odd at every stride but the last. The outputs are those before the softmax.
network = applications.ResNet(stages, False, True, weights=None, input_shape=(45, 45, 3), classes=6, classifier_activation=None)
fill(network)
record.add_h5("applications-resnet.h5", lambda path: network.save_weights(path), f"keras.applications, {KERAS}", "keras-hdf5")
record.add_reference("applications-resnet", network, side=45)

record.finish()
