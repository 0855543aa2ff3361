"""HDF5 files that look like Keras weights and try something, and files that Keras did not write. Run with
`.venv-keras3/bin/python`; pandas and tables write one of them. What the reader says is in `KerasRefusalTests.swift`."""
import pathlib

import h5py
import numpy as np
import pandas

HERE = pathlib.Path(__file__).parent / "hostile"
HERE.mkdir(exist_ok=True)


def keras_file(name: str, fill, **options) -> None:
    """Weights of one layer `a` with one weight `w`, which `fill` puts into the layer's group."""
    with h5py.File(HERE / name, "w", **options) as file:
        file.attrs["layer_names"] = np.array([b"a"])
        layer = file.create_group("a")
        layer.attrs["weight_names"] = np.array([b"w"])
        fill(file, layer)


def virtual(file, layer):
    layout = h5py.VirtualLayout(shape=(4,), dtype="f4")
    layout[:] = h5py.VirtualSource("/etc/hostname", "x", shape=(4,))
    layer.create_virtual_dataset("w", layout)


def cycle(file, layer):
    layer["w"] = np.zeros(4, "f4")
    layer["again"] = file["/"]


def deep(file, layer):
    layer["w"] = np.zeros(4, "f4")
    for _ in range(70):
        layer = layer.create_group("g")


def nothing_written(file, layer):
    properties = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    properties.set_alloc_time(h5py.h5d.ALLOC_TIME_LATE)
    h5py.h5d.create(layer.id, b"w", h5py.h5t.IEEE_F32LE, h5py.h5s.create_simple((1 << 20, 1 << 20)), properties)


def set_link(kind):
    def fill(file, layer):
        layer["w"] = kind
    return fill


keras_file("external-link.h5", set_link(h5py.ExternalLink("/etc/hostname", "/x")))
keras_file("soft-link.h5", set_link(h5py.SoftLink("/b")))
keras_file("external-storage.h5", lambda file, layer: layer.create_dataset("w", (4,), "f4", external=[("/etc/hostname", 0, 16)]))
keras_file("virtual-dataset.h5", virtual)
keras_file("cycle.h5", cycle)
keras_file("deep.h5", deep, libver="latest")
keras_file("nothing-written.h5", nothing_written)
keras_file("few-chunks.h5", lambda file, layer: layer.create_dataset("w", (1 << 20, 1 << 20), "f4", chunks=(64, 64), compression=9).__setitem__((0, 0), 1))
keras_file("lzf.h5", lambda file, layer: layer.create_dataset("w", data=np.zeros((8, 8), "f4"), chunks=(8, 8), compression="lzf"))
keras_file("absent-weight.h5", lambda file, layer: None)
keras_file("records.h5", lambda file, layer: layer.create_dataset("w", data=np.zeros(3, [("x", "f4"), ("y", "i4")])))

pandas.DataFrame({"epoch": [1, 2], "loss": [0.5, 0.25]}).to_hdf(HERE / "pandas.h5", key="history", mode="w")
with h5py.File(HERE / "datasets.h5", "w") as file:
    file["images/train"] = np.zeros((2, 3), "u1")
    file["images/test"] = np.zeros((2, 3), "u1")
with h5py.File(HERE / "empty.h5", "w") as file:
    pass
