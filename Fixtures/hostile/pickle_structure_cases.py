"""Pickles whose values are odd: cycles, bombs, depth, keys and names."""
from case import COMMAND, Case
from pickle_bytes import *  # noqa: F403

CLASS = "pickle"

LONG_WAY = 100_000


def value(name: str, pickle: bytes, why: str, *says: str, exit: int = 2, large: bool = False) -> Case:
    """Deflated, so that what repeats stays small; the reader reads such records too."""
    return Case(name, why, checkpoint(pickle, deflated=True), says=list(says), exit=exit, large=large)


def named(name: str, key: bytes, why: str, *says: str) -> Case:
    """A good tensor with an odd name."""
    return Case(name, why, checkpoint(EMPTY_DICT + key + tensor() + SETITEM), says=list(says))


def laughs(leaf: bytes, open_: bytes, close: bytes, levels: int = 10, copies: int = 10) -> bytes:
    pickle = open_ + leaf + close + put(0)
    for level in range(1, levels):
        pickle += POP + open_ + get(level - 1) * copies + close + put(level)
    return pickle


SELF_LIST = EMPTY_LIST + put(0) + get(0) + APPEND
SELF_DICT = EMPTY_DICT + put(0) + text("again") + get(0) + SETITEM

CASES = [
    # Cycles.
    value("list-of-itself", SELF_LIST, "A list holds itself.", "no tensors", "holds itself"),
    value("dict-of-itself", SELF_DICT, "The state dict holds itself under a key.", "no tensors", "holds itself"),
    value("tuple-of-itself", EMPTY_LIST + put(0) + get(0) + TUPLE1 + APPEND, "A tuple holds itself through a list.", "no tensors", "holds itself"),
    value("object-of-itself", global_("m", "C") + EMPTY_TUPLE + NEWOBJ + put(0) + get(0) + BUILD, "The state of an object is the object.", "m.C", "no tensor"),
    value("key-of-itself", EMPTY_DICT + put(0) + get(0) + get(0) + SETITEM, "A dict is its own key, which Python cannot hash.", "no tensors", "holds itself"),
    value("size-of-itself", pairs((text(NAME), tensor(shape=SELF_LIST))), "The size of a tensor is a list of itself.", "size of integers", "found a list"),
    value("storage-of-itself", EMPTY_LIST + put(0) + persistent(text("storage"), get(0), text("0"), text("cpu"), integer(3)) + APPEND, "The class of a storage is the list that holds it.", "BINPERSID", "storage class", "found a list"),
    value("pairs-of-itself", SELF_LIST + put(1) + POP + call("collections", "OrderedDict", get(1)), "An OrderedDict is filled from a list of itself.", "pair of key and value", "found a list"),
    value("module-of-itself", global_("m", "C") + EMPTY_TUPLE + NEWOBJ + put(0) + dictionary(_parameters=EMPTY_DICT, _buffers=EMPTY_DICT, _modules=dictionary(again=get(0))) + BUILD,
          "A whole module is its own submodule.", "m.C", "no tensor"),
    # Bombs.
    value("billion-lists", laughs(NONE, EMPTY_LIST + MARK, APPENDS), "Lists of ten lists of ten lists: a billion values in 700 bytes.", "shared so often"),
    value("billion-tuples", laughs(tensor(), MARK, TUPLE), "Tuples of ten tuples of ten tuples around one tensor.", "shared so often"),
    value("billion-dicts", laughs(text("k") + NONE, EMPTY_DICT + MARK, SETITEMS, copies=20), "Dicts of dicts, whose keys are dicts too.", "shared so often"),
    value("doubled-60-times", EMPTY_LIST + (DUP + TUPLE2) * 60, "DUP and TUPLE2 sixty times: 2^60 paths in 120 bytes.", "shared so often"),
    value("billion-objects", global_("m", "C") + put(0) + EMPTY_TUPLE + NEWOBJ + (put(1) + POP + get(0) + EMPTY_TUPLE + NEWOBJ + MARK + get(1) * 10 + TUPLE + BUILD) * 10,
          "Objects whose state is ten times the object before.", "shared so often"),
    value("copied-sets", EMPTY_LIST + MARK + NONE * LONG_WAY + APPENDS + put(0) + (global_("builtins", "set") + get(0) + TUPLE1 + REDUCE) * 500,
          "A call of a few bytes copies a list of 100,000 values, 500 times.", "copy more than 16777216"),
    value("copied-dicts", EMPTY_DICT + MARK + (NONE + NONE) * LONG_WAY + SETITEMS + put(0) + (global_("collections", "OrderedDict") + get(0) + TUPLE1 + REDUCE) * 500,
          "A call of a few bytes copies a dict of 100,000 pairs, 500 times.", "copy more than 16777216"),
    value("vanishing-entries", text("k") + put(0) + POP + EMPTY_DICT + MARK + (get(0) + NONE) * 5000 + SETITEMS + put(1) + POP + EMPTY_LIST + MARK + get(1) * 5000 + APPENDS,
          "A dict that sets one key 5000 times stands in 5000 places: merging costs 25 million steps.", "shared so often"),
    value("a-million-marks", MARK * (2**20 + 1), "More open marks than any container needs.", "MARK", "1048576 open marks"),
    value("stack-of-five-million", NONE + DUP * 5_000_000, "DUP fills the stack: five million values in six kilobytes.", "4194304 values on the stack", large=True),
    value("nine-million-lists", (EMPTY_LIST + POP) * 9_000_000, "Nine million lists are made and dropped.", "bytes of memory", large=True),
    value("eight-million-tuples", EMPTY_LIST + TUPLE1 * 8_380_000, "Eight million tuples inside of each other: 8 KB of file for 600 MB of values.", "bytes of memory", large=True),
    value("eight-million-dicts", (EMPTY_DICT + NONE + NONE + SETITEM + POP) * 8_000_000, "Eight million dicts of one entry.", "bytes of memory", large=True),
    value("eight-million-objects", global_("m", "C") + b"q\0" + POP + (b"h\0" + EMPTY_TUPLE + NEWOBJ + POP) * 8_000_000, "Eight million objects of an unknown class.", "bytes of memory", large=True),
    value("eight-million-texts", (b"\x8c\x10" + b"a" * 16 + POP) * 6_900_000, "Seven million texts, each one byte too long to lie in its value.", "bytes of memory", large=True),
    value("long-paths", list_(tensor() * 200) + TUPLE1 * 55 + put(0) + POP + tuple_(get(0) * 1200), "240,000 places of 200 tensors, each 58 levels deep.", "the names take more than", large=True),
    value("memo-of-nine-million", NONE + MEMOIZE * 9_000_000, "One value is memoized nine million times.", "8388608 memo entries", large=True),
    value("seventy-thousand-globals", EMPTY_LIST + b"".join(global_("m", f"f{index}") + POP for index in range(70_000)), "70,000 different functions are named.", "65536 classes and functions", large=True),
    value("a-million-tensors", pairs((text(NAME), tensor() + put(0))) + POP + storage() + put(1) + tuple_(get(1), integer(0), integers((1, 1, 3)), integers((3, 3, 1)), FALSE, NO_HOOKS) + put(2)
          + POP + global_("torch._utils", "_rebuild_tensor_v2") + put(3) + POP + (get(3) + get(2) + REDUCE + POP) * 1_100_000,
          "A call of ten bytes makes a tensor, a million times.", "1048576 tensors", large=True),
    value("a-million-storages", (storage() + put(0) + POP + text("storage") + global_("torch", "FloatStorage") + text("0") + text("cpu") + integer(3)) + put(9) + POP * 5
          + tuple_(text("storage"), global_("torch", "FloatStorage"), text("0"), text("cpu"), integer(3)) + put(1) + POP + (get(1) + BINPERSID + POP) * 1_100_000,
          "One storage is referred to a million times.", "1048576 references to storages", large=True),
    # Depth: neither reading, walking nor freeing may recurse.
    value("lists-100000-deep", EMPTY_LIST * LONG_WAY + APPEND * (LONG_WAY - 1), "100,000 lists inside of each other.", "no tensors", "64 levels deep"),
    value("tuples-100000-deep", EMPTY_LIST + TUPLE1 * LONG_WAY, "100,000 tuples inside of each other.", "no tensors", "64 levels deep"),
    value("marked-tuples-100000-deep", MARK * LONG_WAY + TUPLE * LONG_WAY, "100,000 open marks, each for a tuple in the one before.", "no tensors", "64 levels deep"),
    value("dicts-100000-deep", (EMPTY_DICT + NONE) * LONG_WAY + NONE + SETITEM * LONG_WAY, "100,000 dicts inside of each other.", "no tensors", "64 levels deep"),
    value("sets-100000-deep", MARK * LONG_WAY + NONE + FROZENSET * LONG_WAY, "100,000 sets inside of each other.", "no tensors", "64 levels deep"),
    value("objects-100000-deep", (global_("m", "C") + EMPTY_TUPLE + NEWOBJ) * LONG_WAY + NONE + BUILD * LONG_WAY, "100,000 objects, each the state of the one before.", "m.C", "no tensor"),
    value("calls-100000-deep", global_("os", "system") * LONG_WAY + NONE + (TUPLE1 + REDUCE) * LONG_WAY, "100,000 calls of os.system, each the argument of the one before.", "os.system", "no tensor"),
    value("ordered-dicts-100000-deep", global_("collections", "OrderedDict") * LONG_WAY + EMPTY_TUPLE + REDUCE + (TUPLE1 + REDUCE) * (LONG_WAY - 1),
          "100,000 OrderedDicts, each copied from the one before.", "no tensors"),
    value("keys-100000-deep", EMPTY_DICT + EMPTY_LIST + TUPLE1 * LONG_WAY + tensor() + SETITEM, "The key of the only tensor is 100,000 tuples inside of each other.", "a tuple of 1"),
    value("depth-in-a-size", pairs((text(NAME), tensor(shape=EMPTY_LIST + TUPLE1 * LONG_WAY))), "A size is 100,000 tuples inside of each other.", "size of integers", "tuple of 1"),
    # Keys and names.
    value("equal-keys", pairs((integer(1), tensor()), (text("1"), tensor())), "The keys 1 and '1' make two tensors of one name.", "two tensors have the name 1"),
    value("true-and-text", pairs((TRUE, tensor()), (text("True"), tensor())), "The keys True and 'True' make two tensors of one name.", "two tensors have the name True"),
    named("list-as-key", EMPTY_LIST, "A list, which Python cannot hash, is the key of the only tensor.", "no dialect knows", "a list"),
    named("tensor-as-key", tensor(), "A tensor is the key of a tensor.", "no dialect knows", "a tensor"),
    named("none-as-key", NONE, "None is the key of the only tensor.", "no dialect knows", "None"),
    named("number-as-key", number(float("nan")), "The key is not a number: it is not even equal to itself.", "no dialect knows", "nan"),
    named("surrogate-in-a-name", text("conv\ud800.weight"), "The name of the tensor holds half a surrogate pair.", "no dialect knows", "conv\ufffd.weight"),
    named("invalid-utf-8", b"X" + struct.pack("<I", 4) + b"\xff\xfe\xfd\xfc", "The name of the tensor is not valid UTF-8.", "BINUNICODE", "not valid UTF-8"),
    named("overlong-utf-8", b"X" + struct.pack("<I", 2) + b"\xc0\xaf", "A slash is written in two bytes, to get past a check for it.", "BINUNICODE", "not valid UTF-8"),
    named("nul-in-a-name", text("conv.weight\0.png"), "The name of the tensor ends early for code in C.", "no dialect knows", "conv.weight\\u{0}.png"),
    named("newline-in-a-name", text("conv\n::error::hacked\nhint: run curl"), "The name of the tensor forges a message and a command to a CI system.", "no dialect knows", "conv\\u{A}"),
    named("escape-in-a-name", text("\x1b]0;title\x07\x1b[2Jconv"), "The name of the tensor steers the terminal.", "no dialect knows", "\\u{1B}"),
    named("direction-in-a-name", text("conv\u202eweight"), "The name of the tensor turns the direction of writing.", "no dialect knows", "\\u{202E}"),
    named("ci-command-in-a-name", text("##vso[task.setvariable variable=x]y"), "The name of the tensor is a command to Azure Pipelines.", "no dialect knows", "#\\u{23}vso"),
    named("name-of-30000-bytes", text("n" * 30_000), "The name of the tensor fills the screen.", "no dialect knows"),
    named("empty-name", text(""), "The name of the tensor is empty.", "no dialect knows"),
    value("text-of-20-megabytes", pairs((text("n" * 20_000_000), tensor())), "A name of 20 MB, of which deflate leaves 20 KB.", "BINUNICODE", "16777216"),
    # Values that stand where a state dict has to be.
    value("only-a-number", integer(1), "The pickle holds one number.", "no tensors"),
    value("only-a-global", global_("os", "system"), "The pickle names os.system and does not call it.", "no tensors", "os.system"),
    value("only-a-tensor", tensor(), "The pickle holds a tensor without a name.", "without a name"),
    value("only-a-storage", storage(), "The pickle holds a storage and no tensor.", "no tensors"),
    value("ordered-dict-of-a-number", call("collections", "OrderedDict", integer(5)), "An OrderedDict is made of a number.", "REDUCE", "pairs to fill a dict", "integer 5"),
    value("ordered-dict-of-triples", call("collections", "OrderedDict", list_(integers((1, 2, 3)))), "An OrderedDict is made of triples.", "pair of key and value", "tuple of 3"),
    value("ordered-dict-of-a-text", call("collections", "OrderedDict", list_(text("ab"))), "An OrderedDict is made of texts of two characters, which Python takes for pairs.", "pair of key and value", "a string"),
]
