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
    """Names as they stand in the file, without the group `model_weights`, in the order of Keras' own lists."""
    root = file["model_weights"] if "model_weights" in file else file
    layers = _texts(root.attrs, "layer_names")
    if layers:
        return [_row(f"{layer}/{weight}", root[layer][weight]) for layer in layers for weight in _texts(root[layer].attrs, "weight_names")]
    found = []
    file.visititems(lambda name, value: found.append((name, value)) if isinstance(value, h5py.Dataset) and not name.startswith("optimizer") else None)
    return [_row(name, value) for name, value in sorted(found)]


def _add(name: str, content: list, writer: str, container: str) -> None:
    for key, known in _expected["contents"].items():
        if known == content:
            break
    else:
        key = name.rsplit(".", 1)[0]
        _expected["contents"][key] = content
    _expected["files"][name] = {"content": key, "container": container, "writtenBy": writer}


def add_h5(name: str, write, writer: str, container: str) -> None:
    path = HERE / name
    path.unlink(missing_ok=True)
    write(str(path))
    with h5py.File(path) as file:
        _add(name, rows(file), writer, container)


def add_archive(name: str, write, writer: str, compression=None) -> None:
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
            info = zipfile.ZipInfo(member)
            info.compress_type = method if compression is None else compression
            archive.writestr(info, data)
    weights = next(data for member, data, _ in members if member == "model.weights.h5")
    with h5py.File(io.BytesIO(weights)) as file:
        _add(name, rows(file), writer, "keras")


def add_reference(name: str, network, side: int = 56) -> None:
    """What the network computes for an input, as a reference file: N,C,H,W and little-endian, without a dependency."""
    stream = np.random.Generator(np.random.PCG64(7))
    image = (stream.random((1, 3, side, side)) * 2 - 1).astype(np.float32)
    output = np.asarray(network(np.ascontiguousarray(image.transpose(0, 2, 3, 1)), training=False), np.float32)
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
