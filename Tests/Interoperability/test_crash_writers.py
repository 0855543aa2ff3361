"""Eight programs that write one file at the same time: the file is complete and one of theirs."""
import collections
import shutil
import subprocess

import crash_runs
import pytest

WRITERS = 8


@pytest.fixture(scope="module")
def networks(tmp_path_factory):
    """Eight checkpoints of one network with other numbers, and what each is as a canonical one."""
    folder = tmp_path_factory.mktemp("networks")
    contents = []
    for number in range(WRITERS):
        crash_runs.network(folder / f"{number}.pth", divisor=8, seed=number)
        subprocess.run([crash_runs.EXECUTABLE, "import", f"{number}.pth", "-o", f"{number}.safetensors"], cwd=folder, check=True, capture_output=True)
        contents.append((folder / f"{number}.safetensors").read_bytes())
    assert len(set(contents)) == WRITERS
    return folder, contents


def together(commands, folder) -> list:
    processes = [subprocess.Popen([crash_runs.EXECUTABLE, *command], cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) for command in commands]
    return [(process.communicate(timeout=60)[1], process.returncode) for process in processes]


@pytest.mark.parametrize("force", [False, True], ids=["without-force", "force"])
@pytest.mark.parametrize("same", [True, False], ids=["same-content", "different-content"])
@pytest.mark.parametrize("kind", ["import", "export"])
def test_one_of_eight_writers_wins_and_the_file_is_complete(networks, tmp_path, kind, same, force):
    folder, contents = networks
    wins = collections.Counter()
    for _ in range(3):
        target = tmp_path / "out"
        if force:
            target.write_bytes(b"an older file")
        sources = [0 if same else number for number in range(WRITERS)]
        if kind == "import":
            commands = [["import", folder / f"{number}.pth", "-o", target] for number in sources]
        else:
            commands = [["export", folder / f"{number}.safetensors", "--to", "pytorch", "-o", target] for number in sources]
        results = together([[*command, *(["--force"] if force else [])] for command in commands], folder)
        assert [path.name for path in tmp_path.iterdir()] == ["out"]
        found = target.read_bytes()
        if kind == "export":
            shutil.move(target, tmp_path / "out.pth")
            subprocess.run([crash_runs.EXECUTABLE, "import", "out.pth", "-o", "back"], cwd=tmp_path, check=True, capture_output=True)
            metadata, found = (tmp_path / "back").read_bytes(), None
            (tmp_path / "out.pth").unlink()
            (tmp_path / "back").unlink()
            found = next(number for number in sources if digest(contents[number]) == digest(metadata))
        else:
            found = contents.index(found)
        assert found in sources
        statuses = sorted(status for _, status in results)
        if force:
            assert statuses == [0] * WRITERS, results
        else:
            assert statuses == [0] + [2] * (WRITERS - 1), results
            assert same or results[found][1] == 0, "the file is not the one of the program that wrote it"
            for message, status in results:
                assert status == 0 or "error: " + str(target) + ": the output file already exists" in message, message
        wins["new"] += 1
        target.unlink(missing_ok=True)
    crash_runs.tally(f"eight writers{', --force' if force else ''}", f"{kind}, {'same' if same else 'different'} content", 3 * WRITERS, 0, 0, 0, wins, 0)


def digest(checkpoint: bytes) -> bytes:
    """The content digest in the metadata of a canonical checkpoint."""
    place = checkpoint.index(b'"attnconv.content":"') + 20
    return checkpoint[place:place + 64]


def test_pins_that_are_added_at_the_same_time_are_all_kept(stage, tmp_path):
    for number in range(WRITERS):
        for name in ("checkpoint", "reference"):
            shutil.copy(stage.folder / f"{name}.safetensors", tmp_path / f"{name}{number}.safetensors")
    commands = [["pin", f"checkpoint{number}.safetensors", "--reference", f"reference{number}.safetensors"] for number in range(WRITERS)]
    results = together(commands, tmp_path)
    assert [status for _, status in results] == [0] * WRITERS, results
    text = (tmp_path / "attnconv.json").read_text()
    assert all(f'"checkpoint{number}.safetensors"' in text for number in range(WRITERS))
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]
