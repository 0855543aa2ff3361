"""Full-size parameter tables cut down to a few kilobytes: same names, same order, same depth, fewer channels."""
import json
import pathlib
import re

TABLES = pathlib.Path(__file__).resolve().parent.parent / "parameter-tables"

# A module that squeezes C channels into a hidden layer; the tensors below such a name are sized together.
ATTENTION = re.compile(r"^(.*?\b(?:cbam|bam\d|se|se_module|nam|ca))\.")
# Their shapes depend on no channel count: two pooled maps, or one kernel over the channel axis.
FIXED = re.compile(r"SpatialGate|\.sa\.|\.se\.spatial\.|\beca\.conv\.")


def load(architecture: str) -> list:
    return [tuple(row) for row in json.loads((TABLES / f"{architecture}.json").read_text())["tensors"]]


def narrow(table, divisor: int, reduction: int = 2, classes: int = 10) -> list:
    """Divides every channel count by `divisor`; hidden layers of attention become `reduction` times narrower than their
    input."""
    widest = {}
    for name, shape, _ in table:
        if (match := ATTENTION.match(name)) and not FIXED.search(name):
            widest[match[1]] = max([widest.get(match[1], 0), *shape])

    def resized(name, shape):
        if FIXED.search(name):
            return list(shape)
        if match := ATTENTION.match(name):
            channels = widest[match[1]]
            hidden = max(1, channels // divisor // reduction)
            sizes = [channels // divisor if size == channels else 1 if size == 1 else hidden for size in shape[:2]]
            return sizes + list(shape[2:])
        if re.match(r"(fc|last_linear)\.", name):
            return [classes] + [size // divisor for size in shape[1:]]
        return [size if size == 3 and place else size // divisor for place, size in enumerate(shape[:2])] + list(shape[2:])

    return [(name, resized(name, shape), dtype) for name, shape, dtype in table]
