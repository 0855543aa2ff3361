"""Ways to write one object: torch's zip and legacy formats, and what other tools make of them.

Everything is written by torch itself and then, where a byte would otherwise depend on the run, made reproducible.
"""
import contextlib
import io
import pathlib
import pickle
import pickletools
import zipfile

import torch

EPOCH = (1980, 1, 1, 0, 0, 0)


@contextlib.contextmanager
def stored_on(location: str):
    """Tags every storage with a device, as a machine with that device would."""
    original = torch.serialization.location_tag
    torch.serialization.location_tag = lambda storage: location
    try:
        yield
    finally:
        torch.serialization.location_tag = original


def save_zip(value, path, location: str = "cpu") -> None:
    with stored_on(location):
        torch.save(value, path)


def save_legacy(value, path, location: str = "cpu") -> None:
    buffer = io.BytesIO()
    with stored_on(location):
        torch.save(value, buffer, _use_new_zipfile_serialization=False)
    pathlib.Path(path).write_bytes(_with_fixed_storage_keys(buffer.getvalue()))


def _with_fixed_storage_keys(data: bytes) -> bytes:
    """Storage keys are memory addresses. Replaces them by numbers of the same length in order of first appearance, and
    sorts the storages again, so that two runs write the same bytes."""
    ends, start = [], 0
    for _ in range(5):
        start += max(position for _, _, position in pickletools.genops(data[start:])) + 1
        ends.append(start)
    addresses = pickle.loads(data[ends[3]:ends[4]])
    first_seen = [
        argument for _, argument, _ in pickletools.genops(data[ends[2]:ends[3]]) if argument in set(addresses)
    ]
    ordered = list(dict.fromkeys(first_seen))
    renamed = {address: str(94_000_000_000_000 + 64 * i).zfill(len(address)) for i, address in enumerate(ordered)}

    storages, offset = {}, ends[4]
    widths = _element_sizes(data[ends[2]:ends[3]])
    for address in addresses:
        count = int.from_bytes(data[offset:offset + 8], "little")
        size = 8 + count * widths[address]
        storages[renamed[address]] = data[offset:offset + size]
        offset += size
    assert offset == len(data), "the storages end where the file ends"

    head = data[:ends[3]]
    for address, key in renamed.items():
        assert len(address) == len(key)
        head = head.replace(address.encode(), key.encode())
    keys = sorted(storages)
    return head + pickle.dumps(keys, protocol=2) + b"".join(storages[key] for key in keys)


class _Inert:
    """Stands for every global while only the persistent ids matter."""

    def __new__(cls, *arguments, **options):
        return object.__new__(cls)

    def __setstate__(self, state):
        pass

    def __setitem__(self, key, value):
        pass

    def append(self, value):
        pass

    def extend(self, values):
        pass


class _StorageScanner(pickle.Unpickler):
    """Finds the element type of each storage without building, or calling, anything named in the file."""

    def __init__(self, stream):
        super().__init__(stream)
        self.sizes = {}

    def find_class(self, module, name):
        if module == "torch" and name.endswith("Storage"):
            return getattr(torch, name)
        return _Inert

    def persistent_load(self, identifier):
        if identifier[0] == "storage":
            kind = identifier[1]
            self.sizes[identifier[2]] = 1 if kind is torch.UntypedStorage else torch.empty(0, dtype=kind.dtype).element_size()
            return _Inert()
        return _Inert  # ("module", class, ...): the class of a pickled module


def _element_sizes(data: bytes) -> dict:
    scanner = _StorageScanner(io.BytesIO(data))
    scanner.load()
    return scanner.sizes


def _records(path) -> dict:
    """Record name without the top directory -> bytes, in file order."""
    with zipfile.ZipFile(path) as archive:
        return {entry.filename.split("/", 1)[1]: archive.read(entry) for entry in archive.infolist()}


def deflated(source, path) -> None:
    """The same archive as a general zip tool rewrites it: compressed, sizes in the local headers, no alignment."""
    with zipfile.ZipFile(source) as archive, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as copy:
        for entry in archive.infolist():
            copy.writestr(zipfile.ZipInfo(entry.filename, EPOCH), archive.read(entry), zipfile.ZIP_DEFLATED)


def without(source, path, unwanted) -> None:
    """The same archive less the records for which `unwanted(name)` holds, written by torch's own writer."""
    _write({name: data for name, data in _records(source).items() if not unwanted(name)}, path)


def big_endian(source, path) -> None:
    """The archive that a big-endian machine would have written."""
    records = _records(source)
    sizes = _element_sizes(records["data.pkl"])
    for key, size in sizes.items():
        data = bytearray(records[f"data/{key}"])
        for place in range(size // 2):
            data[place::size], data[size - 1 - place::size] = data[size - 1 - place::size], data[place::size]
        records[f"data/{key}"] = bytes(data)
    records["byteorder"] = b"big"
    _write(records, path)


def _write(records: dict, path) -> None:
    writer = torch._C.PyTorchFileWriter(str(path))
    for name, data in records.items():
        if name not in ("version", ".data/serialization_id"):  # written by the writer itself
            writer.write_record(name, data, len(data))
    writer.write_end_of_file()
