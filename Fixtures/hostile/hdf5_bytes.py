"""HDF5 files as Keras writes them, made by h5py in memory and then changed byte by byte (HDF5 File Format Specification 3.0)."""
import io
import struct

import h5py
import numpy as np

KERNEL = np.array([0.25, 0.5, 0.75], "<f4").reshape(3, 1, 1)
LAYER, WEIGHT = "eca", "eca/conv1d/kernel:0"


def names(*texts: str) -> np.ndarray:
    return np.array([text.encode() for text in texts], f"S{max(map(len, texts), default=1) or 1}")


def put_kernel(file, layer):
    layer[WEIGHT] = KERNEL


def keras_file(fill=put_kernel, layers=(LAYER,), weights=(WEIGHT,), **options) -> bytes:
    """The weights of an ECA module; `fill` puts them, or something else, into the layer's group."""
    buffer = io.BytesIO()
    with h5py.File(buffer, "w", **options) as file:
        if layers is not None:
            file.attrs["layer_names"] = names(*layers) if isinstance(layers, tuple) else layers
        layer = file.create_group(LAYER)
        if weights is not None:
            layer.attrs["weight_names"] = names(*weights) if isinstance(weights, tuple) else weights
        fill(file, layer)
    content = buffer.getvalue()
    # The library leaves out zeros at the end that the superblock (version 0, II.A) counts.
    end = struct.unpack("<Q", content[40:48])[0] if content[8] == 0 else 0
    return content.ljust(end, b"\0")


def changed(content: bytes, found: bytes, written: bytes, at: int = 0, which: int = 0) -> bytes:
    """The content with bytes written `at` bytes behind the place where something is found, for the `which` time."""
    place = -1
    for _ in range(which + 1):
        place = content.index(found, place + 1)
    place += at
    assert 0 <= place <= len(content) - len(written) and content[place:place + len(written)] != written, "nothing would change"
    return content[:place] + written + content[place + len(written):]


def u16(value: int) -> bytes:
    return struct.pack("<H", value)


def u32(value: int) -> bytes:
    return struct.pack("<I", value)


def u64(value: int) -> bytes:
    return struct.pack("<Q", value)


# Messages of an object header of version 1 (IV.A.2): dataspace of [3, 1, 1], datatype of 4-byte floats, contiguous layout of 12 bytes.
SPACE = b"\x01\x03\x01\0\0\0\0\0" + u64(3) + u64(1) + u64(1)
FLOAT = b"\x11\x20\x1f\x00\x04\x00\x00\x00"
LAYOUT = b"\x03\x01"
