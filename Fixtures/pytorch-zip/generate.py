"""State dicts in torch's zip format. Run: `.venv/bin/python Fixtures/pytorch-zip/generate.py` (torch 2.15 and, through
/usr/bin/python3, Debian's torch 1.13)."""
import json
import pathlib
import subprocess
import sys
import tempfile

import numpy as np
import torch

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "generators"))
import attention_blocks  # noqa: E402
import containers  # noqa: E402
import narrow_cbam  # noqa: E402
import record  # noqa: E402
import weights  # noqa: E402

contents, files = {}, {}


def add(file, content, container="pytorch-zip", written_by=record.WRITER, **facts):
    files[file] = {"content": content, "container": container, "writtenBy": written_by, **facts}


# One network, written six ways.
name = "cbam-resnet18-narrow"
plain = HERE / f"{name}.pth"
contents[name] = record.rows(narrow_cbam.state_dict())
torch.save(narrow_cbam.state_dict(), plain)
add(plain.name, name)

with tempfile.NamedTemporaryFile("w", suffix=".json") as table:
    json.dump(narrow_cbam.TABLE, table)
    table.flush()
    script = HERE.parent / "generators" / "write_state_dict.py"
    version = subprocess.run(
        ["/usr/bin/python3", script, table.name, HERE / f"{name}.torch-1.13.pth"], check=True, capture_output=True, text=True
    ).stdout.strip()
add(f"{name}.torch-1.13.pth", name, written_by=f"torch {version}", formatVersion=None)

containers.deflated(plain, HERE / f"{name}.deflated.pth")
add(f"{name}.deflated.pth", name, compression="deflate")

torch.serialization.set_crc32_options(False)
torch.save(narrow_cbam.state_dict(), HERE / f"{name}.wrong-crc.pth")
torch.serialization.set_crc32_options(True)
add(f"{name}.wrong-crc.pth", name, checksums="zero, as torch writes on request")

containers.big_endian(plain, HERE / f"{name}.big-endian.pth")
add(f"{name}.big-endian.pth", name, byteOrder="big")

# The smallest real state dicts, for tests that try every truncation and every flipped byte.
tiny = {f"fc.{i}.weight": torch.from_numpy(weights.values(f"fc.{i}.weight", shape, set(), 1)) for i, shape in [(0, (1, 4)), (2, (4, 1))]}
contents["se-module-tiny"] = record.rows(tiny)
torch.save(tiny, HERE / "se-module-tiny.pth")
add("se-module-tiny.pth", "se-module-tiny")

# Every element type that safetensors can hold.
stream = np.random.Generator(np.random.PCG64(7))
noise = torch.from_numpy((stream.random((3, 5)) * 200 - 100).astype(np.float32))
raw = torch.from_numpy((stream.random(64) * 256).astype(np.uint8))
dtypes = {str(dtype).removeprefix("torch."): noise.to(dtype) for dtype in (torch.float64, torch.float32, torch.float16, torch.bfloat16)}
dtypes |= {str(dtype).removeprefix("torch."): noise.to(dtype) for dtype in (torch.int64, torch.int32, torch.int16, torch.int8)}
dtypes["uint8"] = raw[:15].reshape(3, 5).clone()
dtypes["bool"] = noise > 0
dtypes["complex64"] = torch.complex(noise, noise.flip(0))
dtypes |= {name: (noise.abs() * 300).to(torch.int64).to(getattr(torch, name)) for name in ("uint16", "uint32", "uint64")}
for eight in ("float8_e4m3fn", "float8_e5m2", "float8_e4m3fnuz", "float8_e5m2fnuz", "float8_e8m0fnu"):
    dtypes[eight] = raw[:15].reshape(3, 5).clone().view(getattr(torch, eight))
contents["dtypes"] = record.rows(dtypes)
torch.save(dtypes, HERE / "dtypes.pth")
add("dtypes.pth", "dtypes")

# Tensors that are not simply their storage.
base = torch.arange(24, dtype=torch.float32).reshape(4, 6) / 7
complex_base = torch.complex(base[:2], base[2:]).contiguous()
views = {
    "transposed": base.t(),
    "sliced": base[1:3, ::2],
    "overlapping": base.as_strided((5, 4), (3, 1), 2),
    "expanded": base[:1, :3].expand(4, 3),
    "expanded_0": torch.tensor(2.5).expand(3, 2),
    "shared_a": base,
    "shared_b": base,
    "scalar": torch.tensor(0.25),
    "scalar_view": base[2, 3],
    "empty": torch.empty(0),
    "empty_3x0x2": torch.empty(3, 0, 2),
    "conjugate": complex_base.conj(),
    "conjugate_transposed": complex_base.mH,
}
# Its storage is complex: the imaginary part of a conjugate is a float view with the negative bit set, offset 1, stride 2.
views["negative"] = torch.complex(base[:2], base[2:] + 1).contiguous().conj().imag
contents["views"] = record.rows(views)
torch.save(views, HERE / "views.pth")
add("views.pth", "views", shared=[["shared_a", "shared_b"]])

# Parameters and subclasses, which torch wraps around the plain rebuild function.
parameter = torch.nn.Parameter(base.clone())
with_state = torch.nn.Parameter(base.clone() + 1)
with_state.note = "an attribute makes torch write `_rebuild_parameter_with_state`"
attributed = base.clone() + 2
attributed.note = "an attribute on a plain tensor makes torch write `_rebuild_from_type_v2`"
wrapped = {
    "parameter": parameter,
    "parameter_frozen": torch.nn.Parameter(base.clone() * 2, requires_grad=False),
    "parameter_with_state": with_state,
    "attributed": attributed,
    "subclass": (base.clone() + 3).as_subclass(attention_blocks.TaggedTensor),
    "unsigned_parameter": torch.nn.Parameter(base.to(torch.uint16), requires_grad=False),
    "buffer": torch.nn.Buffer(base.clone() + 4),
}
contents["wrapped-tensors"] = record.rows({name: value.detach().as_subclass(torch.Tensor) for name, value in wrapped.items()})
torch.save(wrapped, HERE / "wrapped-tensors.pth")
add("wrapped-tensors.pth", "wrapped-tensors", uses=["_rebuild_parameter", "_rebuild_parameter_with_state", "_rebuild_from_type_v2"])

# What cannot become a safetensors tensor. Each file also holds the tensor `dense`, which can.
contents["dense"] = record.rows({"dense": base})
nested = torch.nested.nested_tensor([base[0], base[1, :3]])
for file, value, why in [
    ("sparse.pth", {"coo": base.to_sparse()}, "sparse (COO)"),
    ("sparse-csr.pth", {"csr": base.to_sparse_csr()}, "sparse (CSR)"),
    ("quantized.pth", {"per_tensor": torch.quantize_per_tensor(base, 0.1, 3, torch.qint8)}, "quantized"),
    ("nested.pth", {"nested": nested}, "nested"),
    ("meta.pth", {"meta": torch.empty(2, 3, device="meta")}, "on the meta device: no bytes"),
    ("complex128.pth", {"wide": torch.complex(base, base).to(torch.complex128)}, "complex128 has no safetensors type"),
    ("complex32.pth", {"half": torch.complex(base, base).to(torch.complex32)}, "complex32 has no safetensors type"),
]:
    torch.save({"dense": base, **value}, HERE / file)
    add(file, "dense", refused={"tensors": list(value), "why": why})

record.write(HERE, files, contents)
