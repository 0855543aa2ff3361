import Testing
import TestSupport

@Suite struct ExitCodeTests {
  /// A command line and the code it must end with.
  struct Row: CustomTestStringConvertible, Sendable {
    var status: Int32
    var arguments: [String]

    var testDescription: String { "\(status): " + arguments.joined(separator: " ") }

    init(_ status: Int32, _ arguments: String...) {
      self.status = status
      self.arguments = arguments
    }
  }

  private static let rows: [Row] = [
    .init(0, "--version"),
    .init(0, "dialects"),
    .init(0, "inspect", FixturePath.seModule),
    .init(0, "inspect", FixturePath.cbamNetwork, "--layers", "--tensors", "--input", "2,3,224,224"),
    .init(0, "import", "--dry-run", FixturePath.trainingRun),
    .init(1, "import", FixturePath.cbamNetwork, "--architecture", "resnet34-cbam", "-o", "out"),
    .init(1, "import", "--dry-run", FixturePath.cbamNetwork, "--architecture", "resnet34-cbam"),
    .init(2, "import", FixturePath.webPage),
    .init(2, "import", "nowhere.pth"),
    .init(2, "import", "."),
    .init(2, "import", FixturePath.of("pytorch-zip/cbam-resnet18-narrow.wrong-crc.pth"), "-o", "out"),
    .init(2, "import", FixturePath.seModule, "-o", "nowhere/out"),
    .init(2, "import", FixturePath.seModule, "--dialect", "cbam", "-o", "out"),
    .init(2, "import", FixturePath.seModule, "--key", "ema", "-o", "out"),
    .init(2, "import", FixturePath.seModule, "--dialect-file", "nowhere.json", "-o", "out"),
    .init(2, "inspect", FixturePath.webPage),
    .init(2, "inspect", "nowhere.pth"),
    .init(2, "export", FixturePath.seModule, "--to", "pytorch", "-o", "out"),
    .init(2, "export", "nowhere.safetensors", "--to", "pytorch", "-o", "out"),
    .init(64, "frobnicate"),
    .init(64, "--frobnicate"),
    .init(64, "import"),
    .init(64, "import", FixturePath.seModule, "--frobnicate"),
    .init(64, "import", "a.pth", "b.pth", "-o", "c"),
    .init(64, "import", "a.pth", "-o", "c", "--output-dir", "d"),
    .init(64, "import", "a.pth", "--classes", "0"),
    .init(64, "import", "a.pth", "--classes", "many"),
    .init(64, "import", "a.pth", "--set", "stridePosition"),
    .init(64, "import", "a.pth", "--dtype", "f8"),
    .init(64, "import", "a.pth", "--color", "red"),
    .init(64, "inspect"),
    .init(64, "inspect", "a.pth", "b.pth"),
    .init(64, "inspect", "a.pth", "--input", "1,3,224"),
    .init(64, "inspect", "a.pth", "--input", "1,3,0,224"),
    .init(64, "export", "a.safetensors"),
    .init(64, "export", "a.safetensors", "--to", "onnx", "-o", "b"),
    .init(64, "export", "a.safetensors", "--to", "keras", "-o", "b.keras"),
  ]

  @Test(arguments: rows)
  func `the exit code tells success, no, failure and misuse apart`(_ row: Row) async throws {
    let directory = try TemporaryDirectory()
    let outcome = try await Program(in: directory).run(row.arguments)
    #expect(outcome.status == row.status, "\(outcome.messages)")
    #expect(try directory.names() == [], "nothing was written")
    switch row.status {
    case 0: #expect(!outcome.output.isEmpty)
    case 1: #expect(outcome.output.contains("missing:"))
    case 2:
      #expect(outcome.output == "")
      #expect(outcome.messages.hasPrefix("error: "))
    default:
      #expect(outcome.output == "")
      #expect(outcome.messages.contains("Usage: attnconv"))
    }
  }

  @Test func `an error names the file, what is wrong and what to do`() async throws {
    let outcome = try await Program(in: TemporaryDirectory()).run(["import", FixturePath.webPage])
    #expect(
      outcome.messages == """
        error: \(FixturePath.webPage): found an HTML page, expected a checkpoint
        hint: the server answered with a page (a login, a quota or a virus-scan notice); open the link in a \
        browser, download the file itself and try again

        """)
  }

  @Test func `a damaged file is told with the byte`() async throws {
    let file = FixturePath.of("not-checkpoints/truncated-legacy.pth")
    let outcome = try await Program(in: TemporaryDirectory()).run(["inspect", file])
    #expect(
      outcome.messages == """
        error: \(file): 100 bytes are missing: the file has 87580 of 87680 bytes (at byte 87580)
        hint: download the file again

        """)
  }
}
