"""HDF5 files that are whole and try something: links out of the file, bombs, types that are no numbers, lists that lie."""
import io

import h5py
import numpy as np

from case import Case
from hdf5_bytes import FLOAT, KERNEL, LAYER, WEIGHT, changed, keras_file, names, put_kernel


def case(name: str, why: str, content, *says: str, **options) -> Case:
    return Case(name, why, {"file.h5": content}, list(says), **options)


def holding(name: str, why: str, fill, *says: str, **options) -> Case:
    return case(name, why, keras_file(fill), *says, **options)


def put(value):
    def fill(file, layer):
        layer[WEIGHT] = value
    return fill


def put_dataset(*arguments, **options):
    def fill(file, layer):
        layer.create_dataset(WEIGHT, *arguments, **options)
    return fill


def virtual(file, layer):
    layout = h5py.VirtualLayout(shape=(3, 1, 1), dtype="f4")
    layout[:] = h5py.VirtualSource("/etc/hostname", "x", shape=(3, 1, 1))
    layer.create_virtual_dataset(WEIGHT, layout)


def virtual_of_itself(file, layer):
    layout = h5py.VirtualLayout(shape=(3, 1, 1), dtype="f4")
    layout[:] = h5py.VirtualSource(".", f"{LAYER}/{WEIGHT}", shape=(3, 1, 1))
    layer.create_virtual_dataset(WEIGHT, layout)


def cycle(file, layer):
    put_kernel(file, layer)
    layer["again"] = file["/"]


def second_path(file, layer):
    put_kernel(file, layer)
    file["other"] = layer[WEIGHT]


def deep(file, layer):
    put_kernel(file, layer)
    for _ in range(70):
        layer = layer.create_group("g")


def wide(path):
    """A hundred and forty thousand groups."""
    def fill(file, layer):
        put_kernel(file, layer)
        for number in range(140_000):
            h5py.h5g.create(layer.id, b"%d" % number)
    path.write_bytes(keras_file(fill, libver="latest"))


def low_level(shape, chunk=None, filters=(), type=h5py.h5t.IEEE_F32LE, late=False):
    """A dataset with properties that h5py's own interface does not reach."""
    def fill(file, layer):
        properties = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        properties.set_obj_track_times(False)
        if chunk:
            properties.set_chunk(chunk)
        for number in filters:
            properties.set_filter(number, h5py.h5z.FLAG_OPTIONAL)
        if late:
            properties.set_alloc_time(h5py.h5d.ALLOC_TIME_LATE)
        links = h5py.h5p.create(h5py.h5p.LINK_CREATE)
        links.set_create_intermediate_group(True)
        space = h5py.h5s.create(h5py.h5s.NULL) if shape is None else h5py.h5s.create_simple(shape)
        h5py.h5d.create(layer.id, WEIGHT.encode(), type, space, properties, links)
    return fill


def few_chunks(file, layer):
    layer.create_dataset(WEIGHT, (1 << 20, 1 << 20), "f4", chunks=(64, 64), compression=9)[0, 0] = 1


def float_of_three_bytes():
    kind = h5py.h5t.IEEE_F32LE.copy()
    kind.set_fields(23, 15, 8, 0, 15)
    kind.set_size(3)
    return kind


def committed_type(file, layer):
    file["type"] = np.dtype("f4")
    layer.create_dataset(WEIGHT, data=KERNEL, dtype=file["type"])


def references(kind):
    def fill(file, layer):
        data = layer.create_dataset(WEIGHT, (3, 1, 1), kind)
        data[0, 0, 0] = file.ref if kind is h5py.ref_dtype else layer[WEIGHT].regionref[...]
    return fill


def lists(file, layer):
    data = layer.create_dataset(WEIGHT, (3, 1, 1), h5py.vlen_dtype("f4"))
    data[0, 0, 0] = [1, 2, 3]


LINKS = [
    holding("external-link", "The weight is a link into another file, /etc/hostname.", put(h5py.ExternalLink("/etc/hostname", "/x")), WEIGHT, "external link"),
    holding("external-link-beside", "The weight is a link into a file beside this one.", put(h5py.ExternalLink("other.h5", "/x")), WEIGHT, "external link"),
    holding("soft-link", "The weight is a soft link to a place that does not exist.", put(h5py.SoftLink("/b")), WEIGHT, "soft link"),
    holding("soft-link-to-itself", "The weight is a soft link to itself, which a resolver follows for ever.", put(h5py.SoftLink(f"/{LAYER}/{WEIGHT}")), WEIGHT, "soft link"),
    holding("external-storage", "The bytes of the weight are those of /etc/hostname.", put_dataset((3, 1, 1), "f4", external=[("/etc/hostname", 0, 12)]), WEIGHT, "external files"),
    holding("virtual-dataset", "The weight is put together from another file.", virtual, WEIGHT, "virtual dataset"),
    holding("virtual-of-itself", "The weight is a virtual dataset whose source is itself.", virtual_of_itself, WEIGHT, "virtual dataset"),
    holding("cycle", "A group contains the root, so the tree has no end.", cycle, "second path", "contains itself"),
    holding("second-path", "A weight has two paths, so that a change of one changes the other.", second_path, "second path"),
    case("deep-groups", "Groups are nested seventy deep.", keras_file(deep, libver="latest"), "nested deeper than 64"),
    case("many-groups", "A layer holds a hundred and forty thousand groups.", wide, "131072 objects", large=True),
]

BOMBS = [
    holding("nothing-written", "Four terabytes are declared and none is stored.", low_level((1 << 20, 1 << 20), late=True), WEIGHT, "4398046511104 bytes", "0 are stored"),
    holding("few-chunks", "Four terabytes are declared and one chunk is stored.", few_chunks, WEIGHT, "4398046511104 bytes"),
    holding("no-chunks", "2^62 bytes are declared in chunks that were never written.", low_level((1 << 30, 1 << 30), chunk=(1024, 1024)), WEIGHT, "overflows"),
    holding("huge-chunk", "One chunk has almost four gigabytes, which have to be decoded at once.", low_level((1 << 30,), chunk=((1 << 30) - 1,)), WEIGHT, "4294967296 bytes"),
    holding("rank-32", "The weight has 32 dimensions.", put(np.zeros((1,) * 32, "f4")), "neither numbers nor shapes"),
    holding("no-extent", "The weight has no elements and may grow without end.", put_dataset((0,), "f4", maxshape=(None,)), "neither numbers nor shapes"),
    holding("null-space", "The weight has a type and no dataspace.", low_level(None), "neither numbers nor shapes"),
    holding("scalar", "The weight is one number without a dimension.", put(np.float32(1)), "neither numbers nor shapes"),
]

FILTERS = [
    holding("filter-lzf", "Chunks are packed with LZF, which only h5py knows.", put_dataset(data=np.zeros((8, 8), "f4"), chunks=(8, 8), compression="lzf"), "filter lzf"),
    case("filter-unknown", "Chunks are packed by filter 32999, for which a library would load a plugin.",
         changed(keras_file(put_dataset(data=KERNEL, chunks=(3, 1, 1), compression=9)), b"\x01\0\x08\0\x01\0\x01\0deflate\0", b"\xe7\x80"), "filter 32999"),
    case("filter-szip", "Chunks are packed with SZIP, whose decoder has a record of faults.",
         changed(keras_file(put_dataset(data=KERNEL, chunks=(3, 1, 1), compression=9)), b"\x01\0\x08\0\x01\0\x01\0deflate\0", b"\x04"), "filter szip"),
    holding("filter-scaleoffset", "Chunks are rounded and packed with scale-offset, whose decoder has a record of faults.",
            put_dataset(data=KERNEL, chunks=(3, 1, 1), scaleoffset=2), "filter scaleoffset"),
    holding("filter-nbit", "Chunks are packed with n-bit, whose decoder has a record of faults.", low_level((3, 1, 1), chunk=(3, 1, 1), filters=(5,)), "filter nbit"),
]

TYPES = [
    holding("type-compound", "The weight holds records.", put(np.zeros((3, 1, 1), [("x", "f4"), ("y", "i4")])), "compound records"),
    holding("type-enumeration", "The weight holds names of an enumeration.", put_dataset((3, 1, 1), h5py.enum_dtype({"a": 0, "b": 1}, "i4")), "enumerated"),
    holding("type-opaque", "The weight holds opaque bytes.", put_dataset((3, 1, 1), np.dtype("V7")), "opaque elements of 7 bytes"),
    holding("type-bitfield", "The weight holds bit fields.", low_level((3, 1, 1), type=h5py.h5t.STD_B32LE), "datatype class"),
    holding("type-reference", "The weight holds references to objects.", references(h5py.ref_dtype), "references"),
    holding("type-region-reference", "The weight holds references to parts of itself.", references(h5py.regionref_dtype), "references"),
    holding("type-texts", "The weight holds texts of varying length.", put_dataset((3, 1, 1), h5py.string_dtype()), "texts"),
    holding("type-lists", "The weight holds lists of varying length, which lie in a heap.", lists, "lists of varying length"),
    holding("type-arrays", "The weight holds arrays.", put_dataset((3,), np.dtype(("f4", (1, 1)))), "arrays"),
    holding("type-float-of-three-bytes", "The weight holds numbers of three bytes.", low_level((3, 1, 1), type=float_of_three_bytes()), "3 bytes", "not IEEE 754"),
    case("type-vax", "The weight holds numbers in the byte order of a VAX.", changed(keras_file(), FLOAT, b"\x31\x61"), "IEEE 754"),
    holding("type-committed", "A datatype stands in the file as an object of its own.", committed_type, "named datatype"),
]

LISTS = [
    case("layer-absent", "The list names a layer that the file lacks.", keras_file(layers=(LAYER, "conv2d")), "conv2d", "does not hold"),
    case("layer-twice", "The list names a layer twice.", keras_file(layers=(LAYER, LAYER)), "listed twice"),
    case("layer-climbs", "The list names a layer by a path that climbs.", keras_file(layers=("../" + LAYER,)), "../eca", "does not hold"),
    case("layer-absolute", "The list names a layer by an absolute path.", keras_file(layers=("/etc",)), "/etc", "does not hold"),
    case("layer-names-numbers", "The list of layers holds numbers.", keras_file(layers=np.arange(3)), "layer_names", "no texts"),
    case("layer-names-not-utf8", "The list of layers is no UTF-8.", keras_file(layers=np.array([b"\xff\xfe"])), "layer_names", "not UTF-8"),
    case("layer-names-and-parts", "The list of layers misses its first part.", keras_file(layers=None, fill=lambda file, layer: (put_kernel(file, layer), file.attrs.create("layer_names1", names(LAYER)))), "expected Keras weights"),
    case("weight-absent", "A layer lists a weight that the file lacks.", keras_file(lambda file, layer: None), WEIGHT, "does not hold"),
    case("weight-twice", "A layer lists one weight twice.", keras_file(weights=(WEIGHT, WEIGHT)), WEIGHT, "listed twice"),
    case("weight-is-group", "A layer lists a group as its weight.", keras_file(weights=("eca",)), "does not hold"),
    case("weight-climbs", "A layer lists a weight of another place by a path that climbs.", keras_file(weights=("../eca/" + WEIGHT,)), "../eca", "does not hold"),
    case("weight-names-missing", "A layer has no list of its weights.", keras_file(weights=None), "weight_names"),
    case("weight-names-numbers", "The list of weights holds numbers.", keras_file(weights=np.arange(3)), "weight_names", "no texts"),
    case("weight-name-terminal-escape", "The name of a weight clears the terminal.", keras_file(weights=("\x1b[2J\x1b[1;1Hwrote x",)), "\\u{1B}[2J"),
    case("list-of-many-names", "A layer lists a hundred thousand weights of thirteen bytes, all of them the same.",
         lambda path: path.write_bytes(keras_file(weights=np.full(100_000, b"conv1d/kernel"), libver="latest")), "conv1d/kernel", large=True),
]

def foreign(fill) -> bytes:
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        fill(file)
    return buffer.getvalue()


def table(file):
    group = file.create_group("history")
    group.attrs["pandas_type"] = np.bytes_(b"frame")
    group["block0_values"] = np.zeros((2, 1))


def images(file):
    file["images/train"] = np.zeros((2, 3), "u1")
    file["images/test"] = np.zeros((2, 3), "u1")


FOREIGN = [
    case("table-of-pandas", "The file is a table of pandas, which no network is made of.", foreign(table), "pandas table", "expected Keras weights"),
    case("images", "The file holds images and no network.", foreign(images), "2 datasets", "images/test", "expected Keras weights"),
    case("nothing", "The file holds nothing at all.", foreign(lambda file: None), "without data", "expected Keras weights"),
]

CASES = LINKS + BOMBS + FILTERS + TYPES + LISTS + FOREIGN
