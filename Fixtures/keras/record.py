"""Writes the fixtures and `expected.json`, whose form is that of the other folders (see `../generators/record.py`)."""
import hashlib
import json
import pathlib
import zipfile
import io

import h5py
import numpy as np

HERE = pathlib.Path(__file__).parent
TYPES = {"<f4": "F32", ">f4": "F32", "<f2": "F16", ">f2": "F16", "<f8": "F64", ">f8": "F64", "<i8": "I64", "<i4": "I32", "|V2": "BF16", "<u4": "U32"}

_path = HERE / "expected.json"
_expected = json.loads(_path.read_text()) if _path.exists() else {"contents": {}, "files": {}}


def _row(name: str, dataset) -> list:
    value = dataset[()]
    kind = TYPES[value.dtype.str]
    little = np.ascontiguousarray(value.astype(value.dtype.newbyteorder("<")) if value.dtype.kind != "V" else value)
    return [name, kind, list(value.shape), hashlib.sha256(little.tobytes()).hexdigest()]


def _texts(attributes, name: str) -> list:
    values = list(attributes[name]) if name in attributes else []
    part = 0
    while f"{name}{part}" in attributes:
        values += list(attributes[f"{name}{part}"])
        part += 1
    return [value.decode() if isinstance(value, bytes) else value for value in values]


def rows(file: h5py.File) -> list:
    """Names as they stand in an `.h5` file, without the group `model_weights`, in the order of Keras' own lists."""
    root = file["model_weights"] if "model_weights" in file else file
    return [_row(f"{layer}/{weight}", root[layer][weight])
            for layer in _texts(root.attrs, "layer_names") for weight in _texts(root[layer].attrs, "weight_names")]


STATES = {"optimizer/": "of the optimizer", "optimizer_weights/": "of the optimizer", "metrics/": "of metrics"}


def _left_out(*files: h5py.File) -> list:
    counts = {}
    for file in files:
        def count(name, value):
            for prefix, words in STATES.items():
                if name.startswith(prefix) and isinstance(value, h5py.Dataset):
                    counts[words] = counts.get(words, 0) + 1
        file.visititems(count)
    return ["variables left out: " + ", ".join(f"{counts[words]} {words}" for words in ("of the optimizer", "of metrics") if words in counts)] if counts else []


def _numbered(*files: h5py.File) -> list:
    """The numbered variables of one file or all shards, without their names."""
    found = []
    for file in files:
        file.visititems(lambda name, value: found.append(_row(name, value)) if isinstance(value, h5py.Dataset) and not name.startswith(tuple(STATES)) else None)
    return found


def content(key: str) -> list:
    return _expected["contents"][key]


def renamed(key: str, names) -> list:
    """A content with other names: a function, or a table of the modules that are called otherwise."""
    if isinstance(names, dict):
        table = names
        def names(name):
            module, leaf = name.rsplit("/", 1)
            return f"{table[module]}/{leaf}"
    return [[names(name), *rest] for name, *rest in content(key)]


def _same(numbered: list, named: list) -> list:
    """Keras' own names, given by an `.h5` file of the same model: the file with numbers must hold the same weights."""
    assert sorted(row[1:] for row in numbered) == sorted(row[1:] for row in named), "the weights differ"
    return named


def _add(name: str, rows: list, writer: str, container: str, notes=()) -> None:
    for key, known in _expected["contents"].items():
        if known == rows:
            break
    else:
        key = name.rsplit(".", 1)[0]
        assert key not in _expected["contents"], key
        _expected["contents"][key] = rows
    _expected["files"][name] = {"content": key, "container": container, "writtenBy": writer, **({"notes": list(notes)} if notes else {})}


def add_h5(name: str, write, writer: str, container: str, named=None, notes=()) -> None:
    path = HERE / name
    path.unlink(missing_ok=True)
    write(str(path))
    with h5py.File(path) as file:
        _add(name, rows(file) if named is None else _same(_numbered(file), named), writer, container, [*notes, *_left_out(file)])


def add_shards(name: str, write, writer: str, named: list) -> None:
    for path in HERE.glob(f"{name.removesuffix('.weights.json')}_*.weights.h5"):
        path.unlink()
    write(str(HERE / name))
    shards = [h5py.File(path) for path in sorted(HERE.glob(f"{name.removesuffix('.weights.json')}_*.weights.h5"))]
    assert len(shards) > 1
    _add(name, _same(_numbered(*shards), named), writer, "keras-weights-sharded", _left_out(*shards))


def without_names(path: str) -> None:
    """Takes away what Keras before 3.10 or so did not write."""
    with h5py.File(path, "r+") as file:
        groups = [file]
        file.visititems(lambda name, value: groups.append(value) if isinstance(value, h5py.Group) else None)
        for group in groups:
            if "name" in group.attrs and group.name.rsplit("/", 1)[-1] == "vars":
                del group.attrs["name"]


def add_archive(name: str, write, writer: str, named: list, compression=None, change=None, notes=()) -> None:
    """A `.keras` archive with the dates of its members and of itself taken out, so that the bytes stay the same."""
    path = HERE / name
    path.unlink(missing_ok=True)
    write(str(path))
    with zipfile.ZipFile(path) as archive:
        members = [(info.filename, archive.read(info), info.compress_type) for info in archive.infolist()]
    with zipfile.ZipFile(path, "w") as archive:
        for member, data, method in members:
            if member == "metadata.json":
                data = json.dumps(json.loads(data) | {"date_saved": "2026-01-01@00:00:00"}).encode()
            if member == "model.weights.h5" and change:
                copy = HERE / "model.weights.h5"
                copy.write_bytes(data)
                change(str(copy))
                data = copy.read_bytes()
                copy.unlink()
            info = zipfile.ZipInfo(member)
            info.compress_type = method if compression is None else compression
            archive.writestr(info, data)
    weights = next(data for member, data, _ in members if member == "model.weights.h5")
    with h5py.File(io.BytesIO(weights)) as file:
        _add(name, _same(_numbered(file), named), writer, "keras", [*notes, *_left_out(file)])


def add_reference(name: str, network, side: int = 56, channels: int = 3) -> None:
    """What the network computes for an input, as a reference file: N,C,H,W and little-endian, without a dependency."""
    stream = np.random.Generator(np.random.PCG64(7))
    image = (stream.random((1, channels, side, side)) * 2 - 1).astype(np.float32)
    output = np.asarray(network(np.ascontiguousarray(image.transpose(0, 2, 3, 1)), training=False), np.float32)
    if output.ndim == 4:  # of a module alone
        output = np.ascontiguousarray(output.transpose(0, 3, 1, 2))
    tensors = {"input": image, "output": output}
    header, data = {}, b""
    for key, value in sorted(tensors.items()):
        header[key] = {"dtype": "F32", "shape": list(value.shape), "data_offsets": [len(data), len(data) + value.nbytes]}
        data += value.tobytes()
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    (HERE / f"{name}.reference.safetensors").write_bytes(len(text).to_bytes(8, "little") + text + data)


def finish() -> None:
    def line(value):
        return json.dumps(value, separators=(", ", ": "), sort_keys=isinstance(value, dict))

    blocks = [f"  {line(name)}: [\n" + ",\n".join(f"    {line(row)}" for row in table) + "\n  ]" for name, table in sorted(_expected["contents"].items())]
    files = [f"  {line(name)}: {line(facts)}" for name, facts in sorted(_expected["files"].items())]
    _path.write_text('{"contents": {\n' + ",\n".join(blocks) + '\n},\n"files": {\n' + ",\n".join(files) + "\n}}\n")
