"""Writes checkpoints of any size in no time: networks whose weights are all zero, as files whose weights are holes.

    python3 Benchmarks/sparse_networks.py zip WIDTH BLOCKS FILE          # also: legacy, safetensors, keras (needs h5py)

The network is the authors' ResNet + CBAM of bottlenecks, saved under `DataParallel` as their training code does; to Keras it
is that of tf2cv. WIDTH is that of the first stage (64 in ResNet-50) and sets the bytes, BLOCKS are those of each of the four stages
and set the tensors: 28 a block. A torch zip needs the CRC-32 of every record, which for zeros is a power of a matrix.
"""
import collections
import functools
import io
import json
import math
import pickle
import struct
import sys
import types

# Standard library only: the memory of who starts this counts in benchmarks, and tests run it with any Python.
ITEM_SIZE = {"F32": 4, "I64": 8}
STAGES = 4
EXPANSION = 4
REDUCTION = 16
CLASSES = 1000


def network(width: int, blocks: int) -> list:
    """(name, element type, shape) of each tensor in the order of the state dict."""
    tensors = []

    def weight(name, *shape):
        tensors.append((f"{name}.weight", "F32", shape))

    def bias(name, count):
        tensors.append((f"{name}.bias", "F32", (count,)))

    def norm(name, count):
        tensors.extend((f"{name}.{leaf}", "F32", (count,)) for leaf in ("weight", "bias", "running_mean", "running_var"))
        tensors.append((f"{name}.num_batches_tracked", "I64", ()))

    weight("conv1", width, 3, 7, 7)
    norm("bn1", width)
    inputs = width
    for stage in range(STAGES):
        inner = width << stage
        outputs = EXPANSION * inner
        hidden = max(1, outputs // REDUCTION)
        for block in range(blocks):
            name = f"layer{stage + 1}.{block}"
            for number, shape in enumerate([(inner, inputs, 1, 1), (inner, inner, 3, 3), (outputs, inner, 1, 1)], start=1):
                weight(f"{name}.conv{number}", *shape)
                norm(f"{name}.bn{number}", shape[0])
            if block == 0:
                weight(f"{name}.downsample.0", outputs, inputs, 1, 1)
                norm(f"{name}.downsample.1", outputs)
            for number, shape in ((1, (hidden, outputs)), (3, (outputs, hidden))):
                weight(f"{name}.cbam.ChannelGate.mlp.{number}", *shape)
                bias(f"{name}.cbam.ChannelGate.mlp.{number}", shape[0])
            weight(f"{name}.cbam.SpatialGate.spatial.conv", 1, 2, 7, 7)
            norm(f"{name}.cbam.SpatialGate.spatial.bn", 1)
            inputs = outputs
    weight("fc", CLASSES, inputs)
    bias("fc", CLASSES)
    return tensors


def byte_count(element_type: str, shape: tuple) -> int:
    return ITEM_SIZE[element_type] * math.prod(shape)


def width_for(size: int, blocks: int) -> int:
    """The width, a multiple of 4 as the reduction wants, whose network comes nearest to a size in bytes."""
    def total(width):
        return sum(byte_count(kind, shape) for _, kind, shape in network(width, blocks))

    low, high = 1, 1 << 16
    while low < high:
        middle = (low + high) // 2
        low, high = (middle + 1, high) if total(4 * middle) < size else (low, middle)
    return min((4 * low, 4 * max(1, low - 1)), key=lambda width: abs(total(width) - size))


# --- PyTorch ---------------------------------------------------------------------------------------------------------------


# What pickle is to call by a name of PyTorch: module, name, value.
STAND_INS = {"torch": {}, "torch._utils": {}}


def torch_pickle(value, persistent_id) -> bytes:
    """What `torch.save` pickles, by the same machinery; PyTorch itself is not needed for a few names."""
    buffer = io.BytesIO()
    pickler = pickle.Pickler(buffer, protocol=2)
    pickler.persistent_id = persistent_id
    # pickle looks names up where they say that they are. What is there, perhaps the real PyTorch, comes back afterwards.
    before = {module: sys.modules.get(module) for module in STAND_INS}
    try:
        for module, members in STAND_INS.items():
            sys.modules[module] = types.ModuleType(module)
            vars(sys.modules[module]).update(members)
        pickler.dump(value)
    finally:
        for module, original in before.items():
            if original is None:
                del sys.modules[module]
            else:
                sys.modules[module] = original
    return buffer.getvalue()


class Storage:
    def __init__(self, kind, key, count):
        self.kind, self.key, self.count = kind, key, count


class Tensor:
    def __init__(self, storage, shape):
        self.storage, self.shape = storage, shape

    def __reduce__(self):
        strides = [math.prod(self.shape[axis + 1:]) for axis in range(len(self.shape))]
        return rebuild_tensor, (self.storage, 0, self.shape, tuple(strides), False, collections.OrderedDict())


def named(value, module: str, name: str):
    """Lets pickle call something by a name of PyTorch."""
    STAND_INS[module][name] = value
    value.__module__, value.__qualname__, value.__name__ = module, name, name
    return value


def rebuild_tensor():
    raise NotImplementedError("only its name is pickled")


def state_dict(tensors: list, keys: list) -> dict:
    named(rebuild_tensor, "torch._utils", "_rebuild_tensor_v2")
    classes = {kind: named(type(name, (), {}), "torch", name) for kind, name in (("F32", "FloatStorage"), ("I64", "LongStorage"))}
    values = collections.OrderedDict()
    for (name, kind, shape), key in zip(tensors, keys):
        values["module." + name] = Tensor(Storage(classes[kind], key, math.prod(shape)), shape)
    return {"epoch": 90, "arch": "resnet", "state_dict": values, "best_prec1": 0.0}


@functools.cache
def crc_of_zeros(count: int) -> int:
    """CRC-32 of so many zero bytes: the register is a vector of bits, and a zero byte multiplies it by a matrix."""
    def times(matrix, vector):
        result = 0
        for row in matrix:
            if vector & 1:
                result ^= row
            vector >>= 1
        return result

    matrix = [0xEDB88320] + [1 << bit for bit in range(31)]  # one zero bit: shift, and the polynomial where a 1 falls out
    for _ in range(3):
        matrix = [times(matrix, row) for row in matrix]
    register = 0xFFFFFFFF
    while count:
        if count & 1:
            register = times(matrix, register)
        matrix = [times(matrix, row) for row in matrix]
        count >>= 1
    return register ^ 0xFFFFFFFF


def write_zip(tensors: list, path) -> None:
    import zlib

    keys = [str(number) for number in range(len(tensors))]
    data = torch_pickle(state_dict(tensors, keys), lambda item: ("storage", item.kind, item.key, "cpu", item.count) if isinstance(item, Storage) else None)
    small = [("data.pkl", data), (".format_version", b"1"), (".storage_alignment", b"64"), ("byteorder", b"little")]
    records = [(name, len(content), zlib.crc32(content), content) for name, content in small]
    for key, (_, kind, shape) in zip(keys, tensors):
        size = byte_count(kind, shape)
        records.append((f"data/{key}", size, crc_of_zeros(size), None))
    records.append(("version", 2, zlib.crc32(b"3\n"), b"3\n"))
    directory = []
    with open(path, "wb", buffering=1 << 20) as file:
        end = 0
        for name, size, checksum, content in records:
            name = f"archive/{name}".encode()
            assert size < 0xFFFFFFFF, "a record of 4 GiB needs zip64 sizes"
            padding = -(end + 30 + len(name) + 4) % 64
            header = struct.pack("<IHHHHHIIIHH", 0x04034B50, 20, 0x800, 0, 0, 0x21, checksum, size, size, len(name), 4 + padding)
            if content is None and size >= 1 << 16:  # what is left out is a hole
                file.seek(end)
            elif file.tell() != end:
                file.seek(end)
            file.write(header + name + b"FB" + struct.pack("<H", padding) + b"Z" * padding)
            start = end + len(header) + len(name) + 4 + padding
            if content is not None:
                file.write(content)
            elif size < 1 << 16:
                file.write(bytes(size))
            extra = struct.pack("<HHQ", 1, 8, end) if end >= 0xFFFFFFFF else b""
            directory.append(struct.pack("<IHHHHHHIIIHHHHHII", 0x02014B50, 45, 45, 0x800, 0, 0, 0x21, checksum, size, size, len(name), len(extra), 0, 0, 0, 0, min(end, 0xFFFFFFFF)) + name + extra)
            end = start + size
        file.seek(end)
        listing = b"".join(directory)
        file.write(listing)
        count, after = len(directory), end + len(listing)
        file.write(struct.pack("<IQHHIIQQQQ", 0x06064B50, 44, 45, 45, 0, 0, count, count, len(listing), end))
        file.write(struct.pack("<IIQI", 0x07064B50, 0, after, 1))
        file.write(struct.pack("<IHHHHIIH", 0x06054B50, 0, 0, min(count, 0xFFFF), min(count, 0xFFFF), min(len(listing), 0xFFFFFFFF), min(end, 0xFFFFFFFF), 0))


def write_legacy(tensors: list, path) -> None:
    keys = [str(94274914162656 + 64 * number) for number in range(len(tensors))]
    system = {"protocol_version": 1001, "little_endian": True, "type_sizes": {"short": 2, "int": 4, "long": 4}}
    value = state_dict(tensors, keys)
    with open(path, "wb", buffering=1 << 20) as file:
        for item in (0x1950A86A20F9469CFC6C, 1001, system):
            file.write(pickle.dumps(item, protocol=2))
        file.write(torch_pickle(value, lambda item: ("storage", item.kind, item.key, "cpu", item.count, None) if isinstance(item, Storage) else None))
        file.write(pickle.dumps(sorted(keys), protocol=2))
        end = file.tell()
        for _, kind, shape in tensors:  # the keys have one length, so their order is that of the tensors
            file.seek(end)
            file.write(struct.pack("<Q", math.prod(shape)))
            end += 8 + byte_count(kind, shape)
        file.truncate(end)


# --- others ----------------------------------------------------------------------------------------------------------------


def write_safetensors(tensors: list, path) -> None:
    end = 0
    header = {}
    for name, kind, shape in sorted(tensors, key=lambda tensor: (tensor[1] != "I64", tensor[0])):
        start, end = end, end + byte_count(kind, shape)
        header["module." + name] = {"dtype": kind, "shape": shape, "data_offsets": [start, end]}
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        file.truncate(8 + len(text) + end)


# Modules of tf2cv by those of the authors' code: outside of blocks, and below a block.
KERAS_OUTSIDE = {"conv1": "features/features/init_block/conv/conv/conv", "bn1": "features/features/init_block/conv/bn", "fc": "output1"}
KERAS_INSIDE = {
    "downsample.0": "identity_conv/conv/conv", "downsample.1": "identity_conv/bn",
    "cbam.ChannelGate.mlp.1": "cbam/ch_gate/mlp/fc1", "cbam.ChannelGate.mlp.3": "cbam/ch_gate/mlp/fc2",
    "cbam.SpatialGate.spatial.conv": "cbam/sp_gate/conv/conv/conv", "cbam.SpatialGate.spatial.bn": "cbam/sp_gate/conv/bn",
}
for number in (1, 2, 3):
    KERAS_INSIDE[f"conv{number}"], KERAS_INSIDE[f"bn{number}"] = f"body/conv{number}/conv/conv", f"body/conv{number}/bn"
KERAS_LEAVES = {"running_mean": "moving_mean", "running_var": "moving_variance"}


def keras_name(name: str) -> str:
    """What tf2cv calls a tensor within its layer: `features/features/stage1/stage1/unit1/body/conv1/conv/conv/kernel:0`."""
    module, leaf = name.rsplit(".", 1)
    if module.startswith("layer"):
        stage, block, module = module.split(".", 2)
        stage = f"stage{stage[5:]}"
        path = f"features/features/{stage}/{stage}/unit{int(block) + 1}/{KERAS_INSIDE[module]}"
    else:
        path = KERAS_OUTSIDE[module]
    if path.endswith("/bn"):
        leaf = {"weight": "gamma", "bias": "beta"}.get(leaf, leaf)
    return f"{path}/{KERAS_LEAVES.get(leaf, 'kernel' if leaf == 'weight' else leaf)}:0"


def write_keras(tensors: list, path) -> None:
    import h5py
    import numpy

    layers = {"features": [], "output1": []}
    creation = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    creation.set_alloc_time(h5py.h5d.ALLOC_TIME_EARLY)  # room in the file, and nothing written to it
    creation.set_fill_time(h5py.h5d.FILL_TIME_NEVER)
    linking = h5py.h5p.create(h5py.h5p.LINK_CREATE)
    linking.set_create_intermediate_group(True)
    with h5py.File(path, "w") as file:
        for name, kind, shape in tensors:
            if kind == "I64":
                continue  # counters of batches, which Keras has not
            name = keras_name(name)
            layer = name.split("/")[0]
            shape = shape[:1:-1] + shape[1::-1] if len(shape) == 4 else shape[::-1]  # outputs last; kernels are square
            space = h5py.h5s.create_simple(shape)
            h5py.h5d.create(file.id, f"{layer}/{name}".encode(), h5py.h5t.IEEE_F32LE, space, creation, linking)
            layers[layer].append(name)
        file.attrs["layer_names"] = numpy.array(list(layers), "S")
        for layer, names in layers.items():
            names = numpy.array(names, "S")
            parts = -(-names.nbytes // 64000)  # HDF5 has no longer attributes here, so Keras splits them
            for number, part in enumerate(numpy.array_split(names, parts)):
                file[layer].attrs["weight_names" if parts == 1 else f"weight_names{number}"] = part


WRITERS = {"zip": write_zip, "legacy": write_legacy, "safetensors": write_safetensors, "keras": write_keras}

if __name__ == "__main__":
    container, width, blocks, path = sys.argv[1:]
    WRITERS[container](network(int(width), int(blocks)), path)
