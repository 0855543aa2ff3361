"""What a case of the corpus is, and how it is written down."""
import dataclasses
import json
import pathlib
import typing

# Larger files are not committed: `generate.py --large` writes them where they are needed.
COMMITTED_BYTES = 64 * 1024

# What a payload would leave behind if it ran. The tests look for it after every run.
CANARY = "/tmp/attnconv-canary"
COMMAND = f"touch {CANARY}"

Content = typing.Union[bytes, typing.Callable[[pathlib.Path], None]]


@dataclasses.dataclass(frozen=True)
class Case:
    """One attack.

    name: the folder, lower case with hyphens.
    why: the attack in one sentence: what the file does that it must not get away with.
    files: name -> bytes, or a function that writes the file at a path. The first one is FILE of the arguments.
    says: phrases that the answer must contain, because of what the attack is; written before the program is run.
    exit: 2 where the file must be refused, 1 where the answer is no, 0 where it is harmless beside a good checkpoint.
    arguments: the command line, FILE standing for the first file.
    writes: the files that the run may leave beside its inputs.
    large: whether a file exceeds COMMITTED_BYTES.
    varies: whether the rest of the text depends on what the HDF5 library finds behind its memory; only `says` is compared then.
    """

    name: str
    why: str
    files: dict[str, Content]
    says: list[str]
    exit: int = 2
    arguments: tuple[str, ...] = ("import", "FILE")
    writes: tuple[str, ...] = ()
    large: bool = False
    varies: bool = False

    def expected(self) -> str:
        first = next(iter(self.files))
        facts = {
            "arguments": [first if word == "FILE" else word for word in self.arguments],
            "exit": self.exit,
            "says": list(self.says),
            "why": self.why,
        }
        if self.writes:
            facts["writes"] = sorted(self.writes)
        if self.varies:
            facts["varies"] = True
        return json.dumps(facts, indent=2, ensure_ascii=False) + "\n"

    def check(self) -> None:
        """A case that could pass for the wrong reason is a mistake of its author."""
        assert self.name == self.name.lower() and " " not in self.name, self.name
        assert self.why.endswith(".") and self.files and self.exit in (0, 1, 2), self.name
        assert self.says and all(len(phrase) >= 3 for phrase in self.says), f"{self.name}: nothing is expected of the message"

    def write_files(self, folder: pathlib.Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in self.files.items():
            path = folder / name
            if callable(content):
                content(path)
            else:
                path.write_bytes(content)
            size = path.stat().st_size
            assert self.large or size <= COMMITTED_BYTES, f"{self.name}: {name} has {size} bytes and is not marked as large"
