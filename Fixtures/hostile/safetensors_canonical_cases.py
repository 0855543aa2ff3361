"""Files that claim to be canonical checkpoints and lie in the metadata of `attnconv.*`."""
import hashlib
import json
import struct

from case import Case
from safetensors_cases import DATA, file

CLASS = "safetensors"
TENSOR = "attention.conv.weight"
ARCHITECTURE = {"attention": {"bias": False, "edge": "zero", "kernels": [3], "kind": "eca", "shared": True}, "channels": None, "epsilon": 1e-05, "family": "module"}
SOURCE = {"bytes": 577, "container": "pytorch-zip", "dialect": "ecanet", "file": "file.pth", "key": [], "prefix": "", "sha256": "0" * 64}
TORCHVISION = SOURCE | {"dialect": "torchvision"}
DIGEST = hashlib.sha256(DATA).hexdigest()


def content(shape=(1, 1, 3), digest=DIGEST, name=TENSOR) -> str:
    """The content digest, as `ContentDigest` defines it."""
    return hashlib.sha256(f"{name}\tF32\t{','.join(map(str, shape))}\t{digest}\n".encode()).hexdigest()


def checkpoint(data: bytes = DATA, shape=(1, 1, 3), name=TENSOR, **changes) -> bytes:
    """A canonical checkpoint of an ECA module; a keyword replaces a member, as text or as JSON, or, as None, leaves it out."""
    members = {"version": "1", "architecture": ARCHITECTURE, "source": SOURCE, "digests": {name: DIGEST}, "content": content(shape, name=name)} | changes
    texts = {"attnconv." + key: value if isinstance(value, str) else json.dumps(value) for key, value in members.items() if value is not None}
    return file(json.dumps({"__metadata__": texts, name: {"dtype": "F32", "shape": list(shape), "data_offsets": [0, len(data)]}}), data)


def case(name: str, why: str, content: bytes, *says: str, arguments=("export", "FILE", "--to", "pytorch", "-o", "out.pth"), **options) -> Case:
    return Case("canonical-" + name, why, {"file.safetensors": content}, list(says), arguments=arguments, **options)


def resnet(**changes) -> dict:
    """A ResNet-18."""
    stem = {"kernel": 7, "kind": "single", "maxPool": {"ceilMode": False, "padding": 1}, "stride": 2, "width": 64}
    return {"activatesBeforeAttention": False, "attention": None, "block": "basic", "blocksPerStage": [2, 2, 2, 2], "classes": 10,
            "convolutionBias": False, "epsilon": 1e-05, "expansion": 1, "family": "resnet", "headPool": {"kind": "adaptive"}, "inputChannels": 3,
            "shortcut": "convolution", "stem": stem, "stridePosition": "conv1", "widths": [64, 128, 256, 512]} | changes


# Recorded outputs, so that only the checkpoint can be at fault: eight channels of one pixel.
REFERENCE = file(json.dumps({name: {"dtype": "F32", "shape": [1, 8, 1, 1], "data_offsets": [32 * i, 32 * i + 32]} for i, name in enumerate(("input", "output"))}), bytes(64))

CASES = [
    case("version-future", "The format has a version that does not exist.", checkpoint(version="2"), "version \"2\"", "knows \"1\""),
    case("version-odd", "The version is no number and forges a message.", checkpoint(version="1\nwrote out.pth"), "\\u{A}"),
    case("architecture-missing", "The description of the network is missing.", checkpoint(architecture=None), "lacks attnconv.architecture"),
    case("architecture-not-json", "The description of the network is no JSON.", checkpoint(architecture="{"), "attnconv.architecture", "not valid JSON"),
    case("architecture-array", "The description of the network is an array.", checkpoint(architecture=[]), "attnconv.architecture", "expected an object"),
    case("architecture-duplicates", "The description names two families; readers differ in which one they take.",
         checkpoint(architecture='{"family":"module","family":"resnet"}'), "attnconv.architecture", "occurs twice"),
    case("architecture-deep", "The description is nested a thousand deep.", checkpoint(architecture='{"a":' * 1000 + "1" + "}" * 1000), "attnconv.architecture", "nested deeper than 64"),
    case("family-unknown", "The family of the network does not exist.", checkpoint(architecture={"family": "os.system"}), "os.system"),
    case("member-unknown", "The description has a member that nobody reads, which a later version might obey.", checkpoint(architecture=ARCHITECTURE | {"payload": 1}), "payload"),
    case("kernel-huge", "The kernel has 2^40 values.", checkpoint(architecture=ARCHITECTURE | {"attention": ARCHITECTURE["attention"] | {"kernels": [1 << 40]}}), "1099511627776"),
    case("channels-huge", "The module has 2^40 channels.",
         checkpoint(architecture=ARCHITECTURE | {"channels": 1 << 40}), "1099511627776"),
    case("widths-huge", "A stage has 2^62 channels, whose square overflows.", checkpoint(architecture=resnet(widths=[64, 128, 256, 1 << 62])), "widths", "4611686018427387904"),
    case("product-huge", "Each size is within its limit, all parameters together are not.", checkpoint(architecture=resnet(widths=[1 << 20] * 4), source=TORCHVISION), "parameter"),
    case("stages-huge", "The network has two hundred million blocks, each of which would become a dozen values.",
         checkpoint(architecture=resnet(blocksPerStage=[50_000_000] * 4)), "blocksPerStage", "50000000"),
    case("network-lies", "The file says ResNet-18 and holds one tensor.", checkpoint(architecture=resnet(), source=TORCHVISION), TENSOR, "no place in resnet18"),
    case("shape-lies", "The module has a kernel of 5, its tensor 3 values.",
         checkpoint(architecture=ARCHITECTURE | {"attention": ARCHITECTURE["attention"] | {"kernels": [5]}}), TENSOR),
    case("source-missing", "The file does not say where it came from.", checkpoint(source=None), "lacks attnconv.source"),
    case("source-text", "The provenance is a text.", checkpoint(source='"trust me"'), "attnconv.source", "expected an object"),
    case("dialect-unknown", "The weights came from a code base that nobody knows, with a path for its name.",
         checkpoint(source=SOURCE | {"dialect": "../../etc/passwd"}), "../../etc/passwd"),
    case("digests-missing", "No tensor has a digest.", checkpoint(digests={}), "lacks tensor", TENSOR),
    case("digests-of-absent-tensor", "A digest belongs to a tensor that the file lacks.", checkpoint(digests={TENSOR: DIGEST, "stem.conv.weight": DIGEST}), "stem.conv.weight", "does not hold"),
    case("digest-short", "A digest is empty, which equals nothing or, cut to length, everything.", checkpoint(digests={TENSOR: ""}), "SHA-256"),
    case("digest-in-capitals", "A digest is written in another way, so texts differ where values do not.", checkpoint(digests={TENSOR: DIGEST.upper()}), "SHA-256"),
    case("content-wrong", "The content digest is that of other weights.", checkpoint(content="0" * 64), "attnconv.content", "0" * 64),
    case("content-of-same-bytes-other-name", "The content digest belongs to the same bytes under another name.", checkpoint(content=content(name="stem.conv.weight")), "attnconv.content"),
    case("name-with-separators", "A name holds what separates the rows of the content digest, so that two sets of tensors have one digest.",
         checkpoint(name="a\tF32\t3\tx\nb"), "control character"),
    case("bytes-changed", "A weight was changed behind the digests.", checkpoint(DATA[:-1] + b"\x40"), TENSOR),
    Case("canonical-bytes-changed-verified", "A weight was changed behind the digests, and the network is run.",
         {"file.safetensors": checkpoint(DATA[:-1] + b"\x40"), "reference.safetensors": REFERENCE}, [TENSOR, "SHA-256"],
         arguments=("verify", "FILE", "--reference", "reference.safetensors")),
    case("imported-again", "A checkpoint with a wrong content digest is imported, to get a right one.", checkpoint(content="0" * 64), "canonical checkpoint already", arguments=("import", "FILE", "-o", "out.safetensors")),
]
