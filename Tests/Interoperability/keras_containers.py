"""The containers of Keras in which one network can lie, made of its `.h5` and `.weights.h5`. Run with a Python that has h5py:

    python keras_containers.py NETWORK.h5 NETWORK.weights.h5 FOLDER
"""
import json
import pathlib
import sys
import zipfile

import h5py

whole, numbered, folder = map(pathlib.Path, sys.argv[1:])


def copy(source, target, put, skip=lambda path: False):
    target.attrs.update(source.attrs)
    for name, value in source.items():
        if skip(value.name):
            continue
        if isinstance(value, h5py.Group):
            copy(value, target.create_group(name), put, skip)
        else:
            put(target, name, value[()])


def chunked(group, name, value):
    group.create_dataset(name, data=value, chunks=tuple(max(1, (side + 1) // 2) for side in value.shape), compression=4, shuffle=True, fletcher32=True)


with h5py.File(whole) as old, h5py.File(folder / "chunked.h5", "w") as new:
    copy(old, new, chunked)

for name, method in {"stored.keras": zipfile.ZIP_STORED, "deflated.keras": zipfile.ZIP_DEFLATED}.items():
    with zipfile.ZipFile(folder / name, "w", method) as archive:
        archive.writestr("metadata.json", json.dumps({"keras_version": "3.15.1"}))
        archive.writestr("config.json", json.dumps({"module": "keras", "class_name": "Functional", "config": {"name": "network", "layers": []}}))
        archive.writestr("model.weights.h5", numbered.read_bytes())

with h5py.File(numbered) as old:
    layers = list(old["layers"])
    half = set(layers[:len(layers) // 2])
    weight_map = {}
    for number, name in enumerate(("shards_00000.weights.h5", "shards_00001.weights.h5")):
        with h5py.File(folder / name, "w") as new:
            copy(old, new, lambda group, key, value: group.create_dataset(key, data=value),
                 lambda path: path.count("/") == 2 and path.startswith("/layers/") and (path.split("/")[2] in half) != (number == 0))

            def note(path, value):
                if path.endswith("vars") and len(value):
                    weight_map[f"/{path}"] = name

            new.visititems(note)
    (folder / "shards.weights.json").write_text(json.dumps({"metadata": {}, "weight_map": weight_map}))
