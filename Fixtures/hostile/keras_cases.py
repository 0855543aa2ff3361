"""Keras archives whose records lie, and weights that an index spreads over files. What HDF5 alone can do stands in `hdf5_cases.py`."""
import base64
import json
import marshal

import h5py

from case import COMMAND, Case
from hdf5_bytes import LAYER, WEIGHT, keras_file
from zip_bytes import Record, archive, deflate, deflated_zeros, zeros_crc

METADATA = json.dumps({"keras_version": "3.15.1", "date_saved": "2026-11-21@00:00:00"}).encode()


def layer(name: str, class_name: str, module="keras.layers", registered=None, **config) -> dict:
    return {"module": module, "class_name": class_name, "registered_name": registered, "name": name, "config": {"name": name} | config,
            "inbound_nodes": []}


def network(*layers: dict) -> bytes:
    return json.dumps({"module": "keras", "class_name": "Sequential", "config": {"name": "m", "layers": list(layers)}}).encode()


def keras(config: bytes | None = network(), metadata: bytes | None = METADATA, weights: bytes | None = keras_file(), more=(), method=0,
          **fields) -> bytes:
    """An archive as Keras writes it; None leaves a record out, the fields are those of the weights' headers."""
    records = [Record("metadata.json", metadata or b""), Record("config.json", config or b""),
               Record("model.weights.h5", weights or b"", method=method, central=fields, local=fields)]
    present = (metadata, config, weights)
    return archive([record for record, content in zip(records, present) if content is not None] + list(more))


def case(name: str, why: str, content, *says: str, **options) -> Case:
    return Case(name, why, {"file.keras": content}, list(says), **options)


def broken() -> bytes:
    """Weights that can never be read, so that the archive is refused whatever its description says."""
    return keras_file(lambda file, layer: None)


def described(name: str, why: str, config: bytes) -> Case:
    """A description that would run code in Keras, beside weights that are whole: nothing of it is run, and the weights are read."""
    return case(name, why, keras(config), "eca-module", exit=0, writes=("file.safetensors",))


def bomb(path):
    """Two gigabytes of zeros as weights, in two megabytes."""
    size = 1 << 31
    path.write_bytes(archive([Record("metadata.json", METADATA), Record("config.json", network()),
                              Record("model.weights.h5", b"", method=8, stored=deflated_zeros(size),
                                     central={"size": size, "crc": zeros_crc(size)}, local={"size": size, "crc": zeros_crc(size)})]))


def config_bomb(path):
    """A description of 64 MiB and a byte."""
    path.write_bytes(archive([Record("metadata.json", METADATA), Record("config.json", b" " * ((1 << 26) + 1), method=8), Record("model.weights.h5", WEIGHTS)]))


# A function that would leave the canary, as Keras 2 and 3 store the code of a Lambda layer.
CODE = base64.b64encode(marshal.dumps(compile(f"__import__('os').system({COMMAND!r})", "payload", "eval"))).decode()
LAMBDA = layer("lambda", "Lambda", function={"class_name": "__lambda__", "config": {"code": CODE, "defaults": None, "closure": None}})
WEIGHTS = keras_file()

DESCRIPTIONS = [
    described("lambda-with-code", "A Lambda layer carries marshalled code of Python, which load_model(safe_mode=False) runs.", network(LAMBDA)),
    described("layer-of-os", "A layer's class is os.system; Keras imported modules that a file names (CVE-2025-1550).",
              network(layer(COMMAND, "function", module="os", registered="system"))),
    described("layer-of-subprocess", "A layer is built by subprocess.Popen with a command as its argument.",
              network(layer("p", "Popen", module="subprocess", registered="Popen", args=["/bin/sh", "-c", COMMAND], shell=True))),
    described("function-of-pickle", "An activation is pickle.loads.", network(layer("a", "Activation", activation={"module": "pickle", "class_name": "function", "config": "loads", "registered_name": "loads"}))),
    described("vocabulary-of-files", "A layer names a vocabulary, a path that Keras reads when it loads the layer (CVE-2025-12058).", network(layer("s", "StringLookup", vocabulary="/etc/passwd"))),
    described("get-file", "A layer downloads a file (keras.utils.get_file) and unpacks it.", network(layer("g", "function", module="keras.utils", registered="get_file", origin="http://127.0.0.1:9/x.tar", extract=True))),
    described("config-not-json", "The description is no JSON.", b"{"),
    described("config-empty", "The description is empty.", b""),
    described("config-array", "The description is an array.", b"[[[]]]"),
    described("config-deep", "The description is nested ten thousand deep.", b"[" * 10_000 + b"]" * 10_000),
    described("config-duplicates", "The description names two classes.", b'{"class_name":"Sequential","class_name":"os.system","config":{}}'),
    described("config-cycle", "A model contains itself by name, and each of its layers is called by the next.",
              network(*[layer(f"l{i}", "Dense", units=2**62) | {"inbound_nodes": [[[f"l{(i + 1) % 3}", 0, 0, {}]]]} for i in range(3)])),
    described("config-huge-numbers", "Sizes of layers are 10^308 and -1.", network(layer("c", "Conv2D", filters=1e308, kernel_size=[-1, 2**62], strides=[0, 0]))),
    case("config-not-utf8", "The description is no UTF-8.", keras(b"\xff\xfe{"), "config.json", "not UTF-8"),
    case("metadata-not-utf8", "The metadata are no UTF-8.", keras(metadata=b"\xff\xfe{"), "metadata.json", "not UTF-8"),
    case("config-bomb", "The description inflates to 64 MiB.", config_bomb, "config.json", "67108865 bytes", large=True),
]

ARCHIVES = [
    case("weights-missing", "The archive has no weights.", keras(weights=None), "model.weights.h5", "no weights"),
    case("weights-as-npz", "The weights are NumPy arrays, which may hold pickles.", keras(weights=None, more=[Record("model.weights.npz", b"PK\x05\x06" + bytes(18))]), "model.weights.npz", "expected model.weights.h5"),
    case("weights-twice", "The weights stand twice, and readers differ in which they take.", keras(more=[Record("model.weights.h5", WEIGHTS)]), "model.weights.h5 twice"),
    case("weights-in-other-case", "The weights have a name in another case.", keras(weights=None, more=[Record("MODEL.weights.h5", WEIGHTS)]), "expected model.weights.h5"),
    case("weights-not-hdf5", "The weights are a shell script.", keras(weights=f"#!/bin/sh\n{COMMAND}\n".encode()), "HDF5"),
    case("weights-empty", "The weights have no bytes.", keras(weights=b""), "HDF5"),
    case("weights-are-archive", "The weights are another Keras archive.", keras(weights=keras()), "HDF5"),
    case("weights-cut", "The weights end in the middle.", keras(weights=WEIGHTS[:2000]), "HDF5"),
    case("weights-checksum", "The deflated weights do not have the CRC-32 that the archive states.", keras(method=8, crc=1), "model.weights.h5", "CRC-32"),
    case("weights-checksum-stored", "The stored weights do not have the CRC-32 that the archive states.", keras(crc=1), "model.weights.h5", "CRC-32"),
    case("weights-bomb", "The weights inflate to two gigabytes of zeros.", bomb, "model.weights.h5", "inflate", large=True),
    case("weights-absent-inside", "The weights are whole and list a weight that they lack.", keras(weights=broken()), WEIGHT, "does not hold"),
    case("weights-link-outside", "The weights inside of the archive are a link to /etc/hostname.", keras(weights=keras_file(lambda file, layer: layer.__setitem__(WEIGHT, h5py.ExternalLink("/etc/hostname", "/x")))), "external link"),
    case("weights-external-storage", "The bytes of the weights are those of /etc/hostname.", keras(weights=keras_file(lambda file, layer: layer.create_dataset(WEIGHT, (3, 1, 1), "f4", external=[("/etc/hostname", 0, 12)]))), "external files"),
    case("asset-climbs", "An asset would be unpacked above the target directory (CVE-2025-12060).", keras(more=[Record("assets/../../../x", b"x")]), "relative path"),
    case("also-pytorch", "The archive is one of Keras and one of PyTorch; which network it holds depends on the reader.", keras(weights=None, more=[Record("m/data.pkl", b"\x80\x02}.")]), "model.weights.h5"),
    case("config-checksum", "The description was changed and its CRC-32 was not.", archive([Record("metadata.json", METADATA), Record("config.json", network(), central={"crc": 1}, local={"crc": 1}), Record("model.weights.h5", WEIGHTS)]), "config.json", "CRC-32"),
]


def variables(*names: str) -> bytes:
    """Weights in the format of `.weights.h5`, of layers with one kernel each."""
    def fill(file, group):
        del file[LAYER]
        for name in names:
            put = file.create_group(f"layers/{name}/vars")
            put["0"] = [[[0.25]], [[0.5]], [[0.75]]]
    return keras_file(fill, layers=None, weights=None)


SHARDS = {"m_00000.weights.h5": variables("conv1d"), "m_00001.weights.h5": variables("conv1d_1")}
MAP = {"/layers/conv1d/vars": ["m_00000.weights.h5"], "/layers/conv1d_1/vars": ["m_00001.weights.h5"]}


def sharded(name: str, why: str, map, *says: str, shards=SHARDS, **options) -> Case:
    text = map if isinstance(map, bytes) else json.dumps({"metadata": {"total_size": 24}, "weight_map": map}).encode()
    return Case("shards-" + name, why, {"m.weights.json": text} | shards, list(says), **options)


INDEXES = [
    sharded("climb", "The index names a file above its directory.", MAP | {"/layers/x/vars": ["../../etc/hostname"]}, "../../etc/hostname", "same directory"),
    sharded("absolute", "The index names a file by its absolute path.", MAP | {"/layers/x/vars": ["/etc/hostname"]}, "/etc/hostname", "same directory"),
    sharded("missing", "The index names a file that does not exist.", MAP | {"/layers/x/vars": ["m_00002.weights.h5"]}, "m_00002.weights.h5", "fetch all files"),
    sharded("index-itself", "The index names itself as one of its files.", MAP | {"/layers/x/vars": ["m.weights.json"]}, "m.weights.json"),
    sharded("too-many", "The index names three hundred files, each of which would take a process.", {f"/layers/{i}/vars": [f"m_{i:05}.weights.h5"] for i in range(300)},
            "300 HDF5 files", "at most 256", shards={f"m_{i:05}.weights.h5": b"\x89HDF\r\n\x1a\n" for i in range(300)}, large=True),
    sharded("swapped", "The index places the variables of each layer in the other file.", {"/layers/conv1d/vars": ["m_00001.weights.h5"], "/layers/conv1d_1/vars": ["m_00000.weights.h5"]}, "/layers/conv1d", "does not hold"),
    sharded("stray", "A file holds variables that the index does not know.", MAP, "conv1d_2", "index lacks", shards=SHARDS | {"m_00001.weights.h5": variables("conv1d_1", "conv1d_2")}),
    sharded("twice", "Both files hold the variables of one layer, with different values.", MAP, "/layers/conv1d/vars", shards=SHARDS | {"m_00001.weights.h5": variables("conv1d", "conv1d_1")}),
    sharded("other-container", "One of the files is a PyTorch archive.", MAP, "m_00001.weights.h5", shards=SHARDS | {"m_00001.weights.h5": archive([Record("m/data.pkl", b"\x80\x02}.")])}),
]

CASES = DESCRIPTIONS + ARCHIVES + INDEXES
