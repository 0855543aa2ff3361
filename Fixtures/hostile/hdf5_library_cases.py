"""Files with which libhdf5 itself crashes or never ends: found by fuzzing, and made again as small as they are here.

The names of weights are texts of variable length, which lie in a global heap (HDF5 File Format Specification 3.0, III.E). The
library trusts the sizes of a heap's objects.
"""
import io

import h5py
import numpy as np
from case import Case

CLASS = "hdf5"
WEIGHT = "eca/conv1d/kernel:0"


def file_with_heap() -> bytes:
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        file.attrs["layer_names"] = np.array([b"eca"])
        layer = file.create_group("eca")
        layer.attrs.create("weight_names", [WEIGHT], dtype=h5py.string_dtype())
        layer[WEIGHT] = np.zeros((3, 1, 1), "<f4")
    return buffer.getvalue()


def with_object_of(size: int) -> bytes:
    """The size of the first object stands behind the 16 bytes of the heap's header, two counters and four bytes that are not used."""
    content = bytearray(file_with_heap())
    place = content.index(b"GCOL") + 16 + 8
    assert content[place] == len(WEIGHT)
    content[place:place + 8] = (size % (1 << 64)).to_bytes(8, "little")
    return bytes(content)


def case(name: str, why: str, size: int, says: str) -> Case:
    return Case(name, why, {"file.h5": with_object_of(size)}, ["reading the structure of the HDF5 file", says])


CASES = [
    case("heap-object-of-minus-8", "The size of a text in the heap makes the next one begin inside of its own header.",
         -8, "ended the worker by signal 11"),
    case("heap-object-of-minus-16", "The size of a text in the heap leads back to itself, so that the library looks for ever.",
         -16, "more than 4 s of processor time"),
]
