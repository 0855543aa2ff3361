"""`expected.json`: what a fixture holds, as facts that a test can compare without torch.

    {"contents": {CONTENT: [[name, safetensors element type, shape, SHA-256 of the bytes], ...]},
     "files": {FILE: {"content": CONTENT, "container": ..., "writtenBy": ..., ...}}}

Bytes are little-endian and contiguous. Several files often hold one content.
"""
import hashlib
import json
import math
import pathlib

import torch

ELEMENT_TYPES = {
    torch.float64: "F64", torch.float32: "F32", torch.float16: "F16", torch.bfloat16: "BF16",
    torch.int64: "I64", torch.int32: "I32", torch.int16: "I16", torch.int8: "I8",
    torch.uint64: "U64", torch.uint32: "U32", torch.uint16: "U16", torch.uint8: "U8",
    torch.bool: "BOOL", torch.complex64: "C64",
    torch.float8_e4m3fn: "F8_E4M3", torch.float8_e5m2: "F8_E5M2", torch.float8_e4m3fnuz: "F8_E4M3FNUZ",
    torch.float8_e5m2fnuz: "F8_E5M2FNUZ", torch.float8_e8m0fnu: "F8_E8M0",
}
WRITER = f"torch {torch.__version__.split('+')[0]}"


def tensor_bytes(tensor) -> bytes:
    tensor = tensor.detach().resolve_conj().resolve_neg().contiguous()
    # A fresh buffer: `view` needs a last dimension, and an expanded or shared storage must not show through.
    flat = tensor.reshape(-1).clone()
    return flat.view(torch.uint8).numpy().tobytes() if flat.numel() else b""


def rows(tensors: dict) -> list:
    return [
        [name, ELEMENT_TYPES[value.dtype], list(value.shape), hashlib.sha256(tensor_bytes(value)).hexdigest()]
        for name, value in tensors.items()
    ]


def summary(tensors: dict) -> dict:
    """For large groups: one digest instead of one a tensor, over the lines `name<TAB>type<TAB>2,3<TAB>digest<LF>`
    sorted by name."""
    lines = sorted("\t".join([name, kind, ",".join(map(str, shape)), digest]) + "\n" for name, kind, shape, digest in rows(tensors))
    learned = [value for name, value in tensors.items() if not name.endswith(("running_mean", "running_var", "num_batches_tracked"))]
    return {
        "entries": len(tensors),
        "parameters": sum(math.prod(value.shape) for value in learned),
        "rows": hashlib.sha256("".join(lines).encode()).hexdigest(),
    }


def write(folder, files: dict, contents: dict | None = None) -> None:
    """One line per tensor and per file, so that a changed fixture shows as a short difference."""
    def line(value):
        return json.dumps(value, separators=(", ", ": "), sort_keys=isinstance(value, dict))

    parts = []
    if contents is not None:
        blocks = [f'  {line(name)}: [\n' + ",\n".join(f"    {line(row)}" for row in table) + "\n  ]" for name, table in contents.items()]
        parts.append('"contents": {\n' + ",\n".join(blocks) + "\n}")
    parts.append('"files": {\n' + ",\n".join(f"  {line(name)}: {line(facts)}" for name, facts in files.items()) + "\n}")
    pathlib.Path(folder, "expected.json").write_text("{" + ",\n".join(parts) + "}\n")
