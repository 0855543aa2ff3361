"""Tensor headers that lie: sizes, strides, offsets, types and storages of a good file with one thing wrong."""
from case import Case
from pickle_bytes import *  # noqa: F403

LARGE = 1 << 62


def header(name: str, value: bytes, why: str, *says: str, storages: dict[str, bytes] | None = None) -> Case:
    """The one tensor of a network."""
    return Case(name, why, checkpoint(pairs((text(NAME), value)), storages, deflated=len(value) > 10_000), says=list(says))


def arguments(name: str, function: str, count: int, why: str, *says: str, module: str = "torch._utils") -> Case:
    """A call with the first so many of ordinary arguments."""
    ordinary = [storage(), integer(0), integers((1, 1, 3)), integers((3, 3, 1)), FALSE, NO_HOOKS, NONE, NONE, NONE]
    return header(name, call(module, function, *ordinary[:count]), why, function, *says)


def view(name: str, why: str, *says: str, **facts) -> Case:
    return header(name, tensor(**facts), why, *says)


def two(name: str, first: bytes, second: bytes, why: str, *says: str, storages: dict[str, bytes] | None = None) -> Case:
    return Case(name, why, checkpoint(pairs((text(NAME), first), (text("other"), second)), storages), says=list(says))


FLOATS = storage()


def nested_types(levels: int) -> bytes:
    """Calls of _rebuild_from_type_v2 inside of the arguments of each other."""
    inner = tuple_(FLOATS, integer(0), integers((3,)), integers((1,)))
    function = global_("torch._utils", "_rebuild_tensor")
    for _ in range(levels):
        inner, function = tuple_(function, NONE, inner, NONE), global_("torch._tensor", "_rebuild_from_type_v2")
    return function + inner + REDUCE


CASES = [
    # Sizes, strides and offsets.
    view("size-negative", "A dimension of -1 elements.", "negative", "[-1]", shape=(-1,), strides=(1,)),
    view("size-most-negative", "The smallest number that 64 bits hold, whose magnitude they do not.", "negative", shape=(-(2**63),), strides=(1,)),
    view("size-of-70-bits", "A dimension of more bits than a machine has.", "size of integers", shape=(2**70,), strides=(1,)),
    view("size-of-true", "A dimension is True, which Python counts as 1.", "size of integers", shape=tuple_(TRUE), strides=(1,)),
    view("size-of-a-float", "A dimension is 3.0.", "size of integers", shape=tuple_(number(3.0)), strides=(1,)),
    view("size-of-nan", "A dimension is not a number.", "size of integers", shape=tuple_(number(float("nan"))), strides=(1,)),
    view("size-of-a-text", "A dimension is a text of digits.", "size of integers", shape=tuple_(text("3")), strides=(1,)),
    view("size-in-a-dict", "The size is a dict.", "size of integers", "found a dict", shape=dictionary(a=integer(3)), strides=(1,)),
    view("size-none", "There is no size.", "size of integers", "found None", shape=NONE, strides=(1,)),
    view("size-product-overflows", "Sizes whose product does not fit 64 bits.", "overflow", shape=(1 << 40, 1 << 40), strides=(0, 0)),
    view("size-product-is-zero-modulo", "Sizes whose product is exactly 2^64, which wraps to 0.", "overflow", shape=(1 << 32, 1 << 32), strides=(0, 0)),
    view("size-product-overflows-beside-zero", "An empty tensor whose other sizes overflow.", "overflow", shape=(0, 1 << 40, 1 << 40), strides=(0, 0, 0)),
    view("size-overflows-in-bytes", "A number of elements that fits 64 bits where their bytes do not.", "overflow", shape=(LARGE,), strides=(0,)),
    view("zero-stride-2-to-the-40", "2^40 elements that are all the same one: four bytes stand for 4 TB.", "1099511627776", "repeated", shape=(1 << 40,), strides=(0,)),
    view("zero-strides-2-to-the-40", "2^20 by 2^20 elements that are all the same one.", "1099511627776", "repeated", shape=(1 << 20, 1 << 20), strides=(0, 0)),
    view("overlapping-windows", "Windows of a storage that overlap in all but one element: 2^30 elements over 2^15.", "1073741824", "repeated",
         shape=(1 << 15, 1 << 15), strides=(1, 0), source=storage(count=1 << 15)),
    view("size-outside", "One element more than the storage has.", "storage of 3", "outside", shape=(4,), strides=(1,)),
    view("stride-outside", "A stride that leaves the storage.", "storage of 3", "outside", shape=(3,), strides=(2,)),
    view("stride-negative", "A stride that walks out of the front of the storage.", "negative", shape=(3,), strides=(-1,)),
    view("stride-product-overflows", "A stride whose product with the size does not fit 64 bits.", "outside", shape=(3, 1), strides=(LARGE, 1)),
    view("stride-sum-overflows", "Strides whose sum does not fit 64 bits.", "outside", shape=(2, 2), strides=(LARGE, LARGE)),
    view("stride-wraps-to-the-start", "Strides whose sum wraps around to element 0.", "outside", shape=(2, 2, 2, 2, 2), strides=(LARGE,) * 5),
    view("strides-too-few", "Fewer strides than dimensions.", "strides", "1 and 3", shape=(1, 1, 3), strides=(1,)),
    view("strides-too-many", "More strides than dimensions.", "strides", shape=(3,), strides=(1, 1, 1)),
    view("stride-of-true", "A stride is True.", "stride of integers", shape=(3,), strides=tuple_(TRUE)),
    view("offset-outside", "The first element lies behind the storage.", "outside", "offset 3", shape=(1,), strides=(1,), offset=3),
    view("offset-negative", "The first element lies in front of the storage.", "negative", "offset -1", offset=-1),
    view("offset-overflows", "An offset whose sum with the last element does not fit 64 bits.", "outside", offset=2**63 - 1),
    view("rank-65", "65 dimensions, one more than PyTorch computes with.", "65 dimensions", shape=(1,) * 65, strides=(1,) * 65),
    view("rank-1000000", "A million dimensions of one element.", "dimensions", shape=MARK + b"K\1" * 1_000_000 + TUPLE, strides=MARK + b"K\1" * 1_000_000 + TUPLE),
    view("rank-0-of-nothing", "A tensor without dimensions over a storage without elements.", "outside", "storage of 0", shape=(), strides=(), source=storage("1", 0)),
    # Arguments of the functions that rebuild tensors.
    arguments("v2-without-arguments", "_rebuild_tensor_v2", 0, "_rebuild_tensor_v2 gets no argument.", "takes 6 or 7 arguments"),
    arguments("v2-of-five", "_rebuild_tensor_v2", 5, "_rebuild_tensor_v2 gets five arguments.", "found 5"),
    arguments("v2-of-nine", "_rebuild_tensor_v2", 9, "_rebuild_tensor_v2 gets nine arguments.", "found 9"),
    arguments("v1-of-six", "_rebuild_tensor", 6, "_rebuild_tensor gets six arguments.", "takes 4 arguments"),
    arguments("v3-without-a-type", "_rebuild_tensor_v3", 7, "_rebuild_tensor_v3 gets None for a dtype.", "dtype"),
    arguments("parameter-of-two", "_rebuild_parameter", 2, "_rebuild_parameter gets two arguments.", "takes 3 arguments"),
    arguments("parameter-of-a-storage", "_rebuild_parameter", 3, "_rebuild_parameter gets a storage for a tensor.", "a tensor", "a storage"),
    arguments("from-type-of-three", "_rebuild_from_type_v2", 3, "_rebuild_from_type_v2 gets three arguments.", "4 arguments", module="torch._tensor"),
    header("v2-of-a-list", global_("torch._utils", "_rebuild_tensor_v2") + list_(FLOATS, integer(0)) + REDUCE, "The arguments are a list.", "REDUCE", "tuple of arguments"),
    header("v2-of-a-number", tensor(integer(0)), "A number stands where the storage has to be.", "a storage", "integer 0"),
    header("v2-of-a-tensor", tensor(tensor()), "A tensor stands where the storage has to be.", "a storage", "found a tensor"),
    header("v2-metadata-of-a-number", call("torch._utils", "_rebuild_tensor_v2", FLOATS, integer(0), integers((3,)), integers((1,)), FALSE, NO_HOOKS, integer(1)),
           "The metadata of a tensor are a number.", "metadata", "integer 1"),
    header("v2-metadata-without-end", call("torch._utils", "_rebuild_tensor_v2", FLOATS, integer(0), integers((3,)), integers((1,)), FALSE, NO_HOOKS,
                                           pairs(*((text(f"k{index}"), NONE) for index in range(1000)))),
           "The metadata of a tensor have a thousand entries.", "metadata", "1000"),
    header("parameter-of-a-number", call("torch._utils", "_rebuild_parameter", integer(1), TRUE, NO_HOOKS), "A number stands where the tensor of a parameter has to be.", "_rebuild_parameter", "integer 1"),
    header("from-type-nested-20-deep", nested_types(20), "_rebuild_from_type_v2 calls itself twenty times.", "_rebuild_from_type_v2", "nested"),
    header("from-type-of-a-list", call("torch._tensor", "_rebuild_from_type_v2", global_("torch._utils", "_rebuild_tensor"), NONE, list_(FLOATS), NONE),
           "The arguments inside of _rebuild_from_type_v2 are a list.", "_rebuild_from_type_v2", "found a list"),
    header("device-tensor-of-another-type", call("torch._utils", "_rebuild_device_tensor_from_cpu_tensor", tensor(), global_("torch", "int64"), text("xla:0"), FALSE),
           "A device tensor says another type than the tensor it was made of.", "no tensors", "another type"),
    # Tensors that are no dense array.
    header("quantized", call("torch._utils", "_rebuild_qtensor", storage(kind="QInt8Storage"), integer(0), integers((3,)), integers((1,)), NONE, FALSE, NO_HOOKS),
           "A quantized tensor without a scale.", "no tensors", "quantized", storages={"0": bytes(3)}),
    header("quantized-without-arguments", call("torch._utils", "_rebuild_qtensor"), "A quantized tensor of nothing.", "no tensors", "quantized"),
    header("sparse-indices-outside", call("torch._utils", "_rebuild_sparse_tensor", global_("torch", "sparse_coo"),
                                         tuple_(tensor(storage(count=3)), tensor(), integers((1 << 40, 1 << 40)))), "A sparse tensor of 2^80 elements.", "no tensors", "sparse"),
    header("nested-tensor", call("torch._utils", "_rebuild_nested_tensor", tensor(), NONE, NONE, NONE), "A nested tensor without sizes.", "no tensors", "nested"),
    header("meta-2-to-the-60", call("torch._utils", "_rebuild_meta_tensor_no_storage", global_("torch", "float32"), integers((1 << 60,)), integers((1,)), FALSE),
           "A meta tensor of 2^60 elements needs no bytes in the file, and an exabyte where it is made.", "no tensors", "meta"),
    # Storages.
    header("storage-count-negative", tensor(storage(count=-1)), "A storage of -1 elements.", "number of elements", "integer -1"),
    header("storage-count-of-a-float", tensor(persistent(text("storage"), global_("torch", "FloatStorage"), text("0"), text("cpu"), number(3.0))), "A storage of 3.0 elements.", "number of elements", "a float"),
    header("storage-count-of-true", tensor(persistent(text("storage"), global_("torch", "FloatStorage"), text("0"), text("cpu"), TRUE)), "A storage of True elements.", "number of elements", "a bool"),
    header("storage-count-of-70-bits", tensor(persistent(text("storage"), global_("torch", "FloatStorage"), text("0"), text("cpu"), integer(2**70))), "A storage of 2^70 elements.", "number of elements", "large integer"),
    header("storage-overflows-in-bytes", tensor(storage(count=LARGE)), "The number of elements fits 64 bits, that of their bytes does not.", "storage 0", str(LARGE)),
    header("storage-larger-than-its-record", tensor(storage(count=1000)), "The pickle says 1000 elements, the record has three.", "archive/data/0", "12 bytes", "1000 elements"),
    header("storage-smaller-than-its-record", tensor(storage(count=2), shape=(2,), strides=(1,)), "The pickle says two elements, the record has three: something is hidden behind them.", "archive/data/0", "12 bytes", "2 elements"),
    header("storage-empty-record", tensor(), "The record of the storage has no bytes.", "archive/data/0", "0 bytes", storages={"0": b""}),
    header("storage-missing", tensor(storage("7")), "The archive has no record of the storage.", "no record archive/data/7"),
    header("storage-in-the-parent-folder", tensor(storage("../../../../etc/passwd")), "The key of the storage is a path out of the archive.", "no record", "../../../../etc/passwd"),
    header("storage-of-an-absolute-path", tensor(storage("/etc/passwd")), "The key of the storage is an absolute path.", "no record", "/etc/passwd"),
    header("storage-with-nul", tensor(storage("0\0.png")), "The key of the storage ends early for code in C.", "no record", "0\\u{0}.png"),
    header("storage-in-the-pickle", tensor(storage("../data.pkl")), "The key of the storage points at the pickle itself.", "no record", "../data.pkl"),
    header("storage-of-5000-bytes-of-key", tensor(storage("k" * 5000)), "The key of the storage is longer than any name.", "4096 bytes"),
    header("storage-without-key", tensor(persistent(text("storage"), global_("torch", "FloatStorage"), NONE, text("cpu"), integer(3))), "The storage has no key.", "storage key", "None"),
    header("storage-class-unknown", tensor(storage(kind="EvilStorage")), "A storage class that PyTorch does not have.", "no tensors", "unknown class"),
    header("storage-class-of-another-module", tensor(persistent(text("storage"), global_("evil", "FloatStorage"), text("0"), text("cpu"), integer(3))), "A FloatStorage of somebody else.", "no tensors", "unknown class"),
    header("storage-class-is-a-text", tensor(persistent(text("storage"), text("FloatStorage"), text("0"), text("cpu"), integer(3))), "The storage class is a text.", "storage class", "a string"),
    two("one-key-two-sizes", tensor(), tensor(storage(count=4), shape=(4,), strides=(1,)), "Two references to one storage disagree about its size.", "storage 0", "16 bytes", "12 where"),
    two("one-key-two-types", tensor(), tensor(storage(kind="DoubleStorage"), shape=(3,), strides=(1,)), "Two references to one storage disagree about its type.", "storage 0", "24 bytes", "12 where"),
    two("one-key-unknown-class", tensor(), tensor(storage(kind="EvilStorage"), shape=(3,), strides=(1,)), "The second reference to a storage has a class of unknown size.", "storage 0", "unknown"),
    two("type-wider-than-its-storage", tensor(),
        call("torch._utils", "_rebuild_tensor_v3", storage("1", 4, "UntypedStorage"), integer(0), integers((1,)), integers((1,)), FALSE, NO_HOOKS, global_("torch", "float64")),
        "A tensor of eight-byte elements over a storage of four bytes.", "outside", "storage of 0", storages={"0": WEIGHTS, "1": bytes(4)}),
    header("type-against-its-storage", call("torch._utils", "_rebuild_tensor_v3", FLOATS, integer(0), integers((3,)), integers((1,)), FALSE, NO_HOOKS, global_("torch", "int32")),
           "A tensor of integers over a storage of floats.", "torch.int32", "torch.float32"),
    header("type-unknown", call("torch._utils", "_rebuild_tensor_v3", FLOATS, integer(0), integers((3,)), integers((1,)), FALSE, NO_HOOKS, global_("torch", "float3")),
           "A dtype that PyTorch does not have.", "dtype", "torch.float3"),
    header("complex-128", tensor(storage(kind="ComplexDoubleStorage")), "A type that a canonical checkpoint cannot hold.", "complex128", storages={"0": bytes(48)}),
]
