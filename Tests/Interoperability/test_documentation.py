"""The Swift code in README.md and in the articles of the library compiles."""
import re
import shutil
import subprocess

from conftest import ROOT

PAGES = [ROOT / "README.md", *sorted(ROOT.glob("Sources/*/*.docc/*.md"))]
MANIFEST = """// swift-tools-version: 6.2
import PackageDescription

let package = Package(
  name: "Snippets", platforms: [.macOS(.v15)], dependencies: [.package(name: "attnconv", path: "ROOT")],
  targets: [.executableTarget(name: "Snippets", dependencies: [
    .product(name: "Checkpoint", package: "attnconv"), .product(name: "Architectures", package: "attnconv"),
    .product(name: "Execution", package: "attnconv"),
  ])])
"""


def function(name: str, blocks: list) -> str:
    """The blocks of a page one inside the other, so that each sees what those before it declare."""
    imports, lines = [], []
    for block in blocks:
        for line in block.splitlines():
            (imports if line.startswith("import ") else lines).append(line)
        lines.append("do {")
    return "\n".join([*sorted(set(imports)), f"func {name}() throws {{", *lines, "}" * len(blocks), "}", ""])


def test_every_page_compiles(tmp_path):
    package = tmp_path / "Snippets"
    sources = package / "Sources/Snippets"
    sources.mkdir(parents=True)
    calls = []
    for page in PAGES:
        blocks = [block for block in re.findall(r"^```swift\n(.*?)^```$", page.read_text(), re.MULTILINE | re.DOTALL)]
        for manifest in [block for block in blocks if "import PackageDescription" in block]:
            (package / "Package.swift").write_text(manifest.replace("<address of the repository>", "https://example.com/attnconv.git"))
            subprocess.run(["swift", "package", "--package-path", package, "dump-package"], check=True, capture_output=True)
        code = [block for block in blocks if "import PackageDescription" not in block]
        if code:
            name = re.sub(r"\W", "", f"{page.parent.stem}{page.stem}")
            (sources / f"{name}.swift").write_text(function(name, code))
            calls.append(f"try {name}()")
    assert len(calls) >= 5
    (sources / "main.swift").write_text("\n".join(calls) + "\n")
    (package / "Package.swift").write_text(MANIFEST.replace("ROOT", str(ROOT)))
    if (resolved := ROOT / "Package.resolved").exists():
        shutil.copy(resolved, package)
    # As the examples: what the program is built from is not compiled again.
    command = ["swift", "build", "-c", "release", "--static-swift-stdlib", "--scratch-path", ROOT / ".build", "--package-path", package]
    result = subprocess.run(command, capture_output=True, text=True)
    assert result.returncode == 0, result.stdout + result.stderr
