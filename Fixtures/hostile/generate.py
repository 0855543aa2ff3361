"""Writes the hostile corpus: one folder a case under `Fixtures/hostile/CLASS/CASE`.

    .venv-keras3/bin/python Fixtures/hostile/generate.py [CLASS ...]    the files that are committed
    .venv-keras3/bin/python Fixtures/hostile/generate.py --large DIR    those above 64 KiB, into DIR/CLASS/CASE

The cases stand in the modules `*_cases.py` beside this script, in a list `CASES`. Their class is the beginning of the
module's name, or `CLASS` of the module. Only the class `hdf5` and Keras files need more than Python itself (h5py).
`expected.txt`, what the program says, is recorded by HostileCorpusTests; see Fixtures/README.md.
"""
import argparse
import collections
import importlib
import pathlib
import shutil
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
sys.dont_write_bytecode = True


def corpus(classes: list[str]) -> dict[str, list]:
    """The cases of each class, of all modules or of those that are named."""
    found = collections.defaultdict(list)
    for path in sorted(HERE.glob("*_cases.py")):
        beginning = path.stem.removesuffix("_cases").replace("_", "-")
        if classes and not any(beginning == name or beginning.startswith(name + "-") for name in classes):
            continue
        module = importlib.import_module(path.stem)
        found[getattr(module, "CLASS", beginning)] += module.CASES
    for name, cases in found.items():
        names = [case.name for case in cases]
        assert len(names) == len(set(names)), f"{name}: a name stands twice: {sorted(n for n in names if names.count(n) > 1)}"
        for case in cases:
            case.check()
    return found


def write_committed(name: str, cases: list) -> None:
    for place, wanted in [(HERE / name, [c for c in cases if not c.large]), (HERE / "large" / name, [c for c in cases if c.large])]:
        for old in place.iterdir() if place.exists() else []:
            if old.name not in {case.name for case in wanted}:
                shutil.rmtree(old)
        for case in wanted:
            folder = place / case.name
            folder.mkdir(parents=True, exist_ok=True)
            for old in folder.iterdir():
                if old.name != "expected.txt":
                    old.unlink()
            if not case.large:
                case.write_files(folder)
            (folder / "expected.json").write_text(case.expected())


def write_table() -> None:
    """Brings the table of README.md up to date; HostileCorpusTests compares it with the folders."""
    readme = HERE.parent / "README.md"
    text = readme.read_text()
    begin, end = text.index(TABLE), text.index("\n\n", text.index(TABLE))
    rows = []
    for name in sorted({path.parent.parent.name for path in HERE.glob("*/*/expected.json")} | {path.parent.parent.name for path in HERE.glob("large/*/*/expected.json")}):
        committed, large = (len(list(place.glob("*/expected.json"))) for place in (HERE / name, HERE / "large" / name))
        rows.append(f"| `{name}` | {committed} | {large} |")
    readme.write_text(text[:begin] + "\n".join([TABLE, "| --- | --- | --- |", *rows]) + text[end:])


TABLE = "| class | cases | of more than 64 KiB |"


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("classes", nargs="*")
    parser.add_argument("--large", type=pathlib.Path)
    arguments = parser.parse_args()
    for name, cases in corpus(arguments.classes).items():
        if arguments.large:
            for case in cases:
                if case.large:
                    case.write_files(arguments.large / name / case.name)
        else:
            write_committed(name, cases)
            print(f"{name}: {len(cases)} cases, {sum(case.large for case in cases)} of them large")
    if not arguments.large:
        write_table()


if __name__ == "__main__":
    main()
