import Architectures
import JSON
import SystemPackage
import TestSupport
import Testing

@testable import Verification

/// The form of the pin file: what is written, what is read, what is refused and how it changes.
@Suite struct PinFileTests {
  private let directory: TemporaryDirectory

  init() throws { directory = try TemporaryDirectory() }

  private var path: FilePath { directory.file("attnconv.json") }

  /// A pin of made-up digests.
  private static func pin(
    _ checkpoint: String = "weights/nam.safetensors", _ reference: String = "references/nam.safetensors",
    content: Character = "a"
  ) throws -> Pin {
    Pin(
      checkpoint: checkpoint, content: String(repeating: content, count: 64), reference: reference,
      referenceSHA256: String(repeating: "b", count: 64), tolerance: 1e-5,
      architecture: try Architecture(
        json: ["family": "module", "channels": 64, "epsilon": .number(1e-5), "attention": ["kind": "nam"]]))
  }

  private static let text = """
    {
      "schemaVersion": 1,
      "pins": [
        {
          "checkpoint": "weights/nam.safetensors",
          "content": "\(String(repeating: "a", count: 64))",
          "reference": "references/nam.safetensors",
          "referenceSha256": "\(String(repeating: "b", count: 64))",
          "tolerance": 1e-05,
          "architecture": {
            "family": "module",
            "attention": {
              "kind": "nam"
            },
            "channels": 64,
            "epsilon": 1e-05
          }
        }
      ]
    }

    """

  private func read(_ text: String) throws -> PinFile {
    try PinFile(directory.create("attnconv.json", Array(text.utf8)))
  }

  @Test func `a pin file reads well`() throws {
    #expect(try PinFile.add(Self.pin(), to: path, replacing: false) == .added)
    #expect(String(decoding: try directory.bytes(of: "attnconv.json"), as: UTF8.self) == Self.text)
    #expect(try directory.names() == ["attnconv.json"])
  }

  @Test func `what is written is read`() throws {
    let file = try read(Self.text)
    #expect(file.entries == [PinFile.Entry(pin: try Self.pin(), line: 4)])
    #expect(file.location(of: "weights/nam.safetensors") == directory.file("weights/nam.safetensors"))
    #expect(file.location(of: "/weights/nam.safetensors") == "/weights/nam.safetensors")
  }

  @Test func `pins are sorted, and the lines of entries are known`() throws {
    for name in ["c", "a", "b"] {
      _ = try PinFile.add(Self.pin(name), to: path, replacing: false)
    }
    _ = try PinFile.add(Self.pin("a", "references/early.safetensors"), to: path, replacing: false)
    let entries = try PinFile(path).entries
    #expect(entries.map(\.pin.checkpoint) == ["a", "a", "b", "c"])
    #expect(entries.map(\.pin.reference).first == "references/early.safetensors")
    #expect(entries.map(\.line) == [4, 19, 34, 49])
  }

  @Test func `braces in names do not move the lines of entries`() throws {
    let name = #"{"\\\"[{"#
    _ = try PinFile.add(Self.pin(name), to: path, replacing: false)
    _ = try PinFile.add(Self.pin("{}"), to: path, replacing: false)
    let entries = try PinFile(path).entries
    #expect(entries.map(\.pin.checkpoint) == [name, "{}"])
    #expect(entries.map(\.line) == [4, 19])
  }

  @Test func `the order of a file edited by hand is kept until its pins change`() throws {
    _ = try PinFile.add(Self.pin("a"), to: path, replacing: false)
    let one = String(decoding: try directory.bytes(of: "attnconv.json"), as: UTF8.self)
    let entry = try #require(one.split(separator: "[\n", maxSplits: 1).last).dropLast("\n  ]\n}\n".utf8.count)
    let text = "{\"pins\": [\(entry.replacing("\"a\"", with: "\"b\"")),\(entry)], \"schemaVersion\": 1}"
    let file = try read(text)
    #expect(file.entries.map(\.pin.checkpoint) == ["b", "a"])
    #expect(try PinFile.add(Self.pin("./a"), to: path, replacing: false) == .unchanged)
    #expect(try directory.bytes(of: "attnconv.json") == Array(text.utf8))
    #expect(try PinFile.add(Self.pin("c"), to: path, replacing: false) == .added)
    #expect(try PinFile(path).entries.map(\.pin.checkpoint) == ["a", "b", "c"])
  }

  @Test func `another pin of the same files needs force`() throws {
    _ = try PinFile.add(Self.pin(), to: path, replacing: false)
    let before = try directory.bytes(of: "attnconv.json")
    let other = try Self.pin(content: "c")
    let (old, new) = (String(repeating: "a", count: 64), String(repeating: "c", count: 64))
    #expect(
      throws: VerificationError(
        .alreadyPinned,
        "weights/nam.safetensors against references/nam.safetensors is pinned otherwise: "
          + "content: pinned \(old), found \(new)",
        file: path.string, hint: "use --force to replace the pin")
    ) { try PinFile.add(other, to: path, replacing: false) }
    #expect(try directory.bytes(of: "attnconv.json") == before)
    #expect(
      try PinFile.add(other, to: path, replacing: true)
        == .replaced([PinChange(member: "content", pinned: .string(old), found: .string(new))]))
    #expect(try PinFile(path).entries.map(\.pin) == [other])
  }

  @Test func `changes are told to the member`() throws {
    let pin = try Self.pin()
    var other = pin
    other.tolerance = 1e-4
    other.architecture = try Architecture(
      json: ["family": "module", "channels": 32, "epsilon": .number(1e-5), "attention": ["kind": "nam"]])
    #expect(pin.changes(to: pin) == [])
    #expect(
      pin.changes(to: other).map(\.text) == [
        "tolerance: pinned 1e-05, found 0.0001", "architecture.channels: pinned 64, found 32",
      ])
    other.architecture = try Architecture(
      json: [
        "family": "module", "channels": 64, "epsilon": .number(1e-5),
        "attention": ["kind": "se", "hidden": [4], "bias": true],
      ])
    #expect(
      pin.changes(to: other).map(\.text) == [
        "tolerance: pinned 1e-05, found 0.0001", "architecture.attention.kind: pinned nam, found se",
      ])
  }

  @Test func `pins are removed by checkpoint, or by reference too`() throws {
    for (checkpoint, reference) in [("a", "x"), ("a", "y"), ("b", "x")] {
      _ = try PinFile.add(Self.pin(checkpoint, reference), to: path, replacing: false)
    }
    #expect(try PinFile.remove("a", against: "y", from: path).map(\.reference) == ["y"])
    #expect(try PinFile.remove("./a", against: nil, from: path).map(\.reference) == ["x"])
    #expect(try PinFile(path).entries.map(\.pin) == [try Self.pin("b", "x")])
    #expect(throws: VerificationError(.notPinned, "found no pin of a", file: path.string)) {
      try PinFile.remove("a", against: nil, from: path)
    }
    #expect(throws: VerificationError(.notPinned, "no such pin file", file: directory.file("none").string)) {
      try PinFile.remove("a", against: nil, from: directory.file("none"))
    }
    #expect(try directory.names() == ["attnconv.json"])
  }

  @Test func `writers side by side lose no pin`() async throws {
    let path = path
    try await withThrowingTaskGroup(of: Void.self) { group in
      for number in 0..<16 {
        group.addTask { _ = try PinFile.add(Self.pin("w\(number)"), to: path, replacing: false) }
      }
      try await group.waitForAll()
    }
    #expect(Set(try PinFile(path).entries.map(\.pin.checkpoint)) == Set((0..<16).map { "w\($0)" }))
  }

  /// A change of a right file that makes it wrong.
  struct Row: CustomTestStringConvertible, Sendable {
    var old: String
    var new: String
    var message: String
    var hint: String?
    var inEntry = true

    var testDescription: String { message }
  }

  private static let rows: [Row] = [
    .init(
      old: "\"tolerance\"", new: "\"tolerence\"",
      message: "pins[0]: found unknown member \"tolerence\", expected only checkpoint, content, reference, "
        + "referenceSha256, tolerance, architecture", hint: "did you mean \"tolerance\"?"),
    .init(
      old: "\"pins\"", new: "\"pin\"",
      message: "the pin file: found unknown member \"pin\", expected only schemaVersion, pins",
      hint: "did you mean \"pins\"?", inEntry: false),
    .init(
      old: "\"schemaVersion\": 1", new: "\"schemaVersion\": 2",
      message: "pin file version 2, this program knows 1", hint: "use a newer attnconv", inEntry: false),
    .init(
      old: "\"schemaVersion\": 1", new: "\"schemaVersion\": \"1\"",
      message: "the pin file: \"schemaVersion\": found string, expected an integer", inEntry: false),
    .init(
      old: "\"schemaVersion\": 1,", new: "", message: "the pin file: found no member \"schemaVersion\"",
      inEntry: false),
    .init(
      old: "\"weights/nam.safetensors\"", new: "1",
      message: "pins[0]: \"checkpoint\": found integer, expected a path"),
    .init(
      old: "\"weights/nam.safetensors\"", new: "\"\"",
      message: "pins[0]: \"checkpoint\": found an empty text, expected a path"),
    .init(
      old: "\"references/nam.safetensors\"", new: #""a\u0000b""#,
      message: "pins[0]: \"reference\": found a path with a NUL, expected a path"),
    .init(
      old: "\"aaaa", new: "\"Aaaa",
      message: "pins[0]: \"content\": found \"A\(String(repeating: "a", count: 63))\", expected a SHA-256: "
        + "64 lower-case hexadecimal digits"),
    .init(
      old: "\"bbbb", new: "\"bbb",
      message: "pins[0]: \"referenceSha256\": found \"\(String(repeating: "b", count: 63))\", expected a "
        + "SHA-256: 64 lower-case hexadecimal digits"),
    .init(
      old: "\"tolerance\": 1e-05", new: "\"tolerance\": 1",
      message: "pins[0]: \"tolerance\": found 1, expected a number from 0 to less than 1"),
    .init(
      old: "\"tolerance\": 1e-05", new: "\"tolerance\": -0.1",
      message: "pins[0]: \"tolerance\": found -0.1, expected a number from 0 to less than 1"),
    .init(
      old: "\"tolerance\": 1e-05", new: "\"tolerance\": null",
      message: "pins[0]: \"tolerance\": found null, expected a number from 0 to less than 1"),
    .init(
      old: "\"family\": \"module\"", new: "\"family\": \"vgg\"",
      message: "pins[0]: \"architecture\": member \"family\": found \"vgg\", expected \"resnet\" or "
        + "\"mobilenetv2\" or \"module\""),
    .init(
      old: "\"tolerance\": 1e-05,", new: "", message: "pins[0]: found no member \"tolerance\""),
  ]

  @Test(arguments: rows) func `a wrong pin file is refused with the place`(_ row: Row) throws {
    #expect(Self.text.contains(row.old))
    #expect(
      throws: VerificationError(
        .malformedPinFile, row.message, file: path.string, offset: row.inEntry ? 40 : nil, hint: row.hint)
    ) { try read(Self.text.replacing(row.old, with: row.new)) }
  }

  @Test(arguments: [
    ("[]", "the pin file: found array, expected an object"),
    (#"{"schemaVersion": 1, "pins": {}}"#, "the pin file: \"pins\": found object, expected an array"),
    (#"{"schemaVersion": 1}"#, "the pin file: found no member \"pins\""),
    (#"{"schemaVersion": 1, "pins": [3]}"#, "pins[0]: found integer, expected an object"),
  ])
  func `another value is refused`(_ text: String, _ message: String) throws {
    #expect(throws: VerificationError(.malformedPinFile, message, file: path.string)) { try read(text) }
  }

  @Test func `a file that is cut off or has equal members is no JSON`() throws {
    let hint = "restore the file, or remove it and pin again"
    for length in 0..<Self.text.utf8.count - 2 {
      let error = #expect(throws: VerificationError.self) {
        try PinFileReader.entries(Array(Self.text.utf8.prefix(length)))
      }
      #expect(error?.code == .malformedPinFile && error?.hint == hint)
    }
    #expect(
      throws: VerificationError(
        .malformedPinFile, "not valid JSON: the name \"pins\" occurs twice in one object", file: path.string,
        offset: 13, hint: hint)
    ) { try read(#"{"pins": [], "pins": []}"#) }
  }

  @Test func `one pair of files is pinned once`() throws {
    let entry = try Self.pin().json.text()
    let again = entry.replacing("weights/", with: "./weights/")
    #expect(
      throws: VerificationError(
        .malformedPinFile,
        "pins[1]: ./weights/nam.safetensors against references/nam.safetensors is pinned in pins[0] already",
        file: path.string, offset: UInt64(32 + entry.utf8.count))
    ) { try read("{\"schemaVersion\": 1, \"pins\": [\(entry), \(again)]}") }
  }

  @Test func `a huge file is refused before it is read`() throws {
    let size = PinFile.maximumByteCount + 1
    let error = #expect(throws: VerificationError.self) {
      try PinFile(directory.create("attnconv.json", .init(repeating: 0x20, count: size)))
    }
    #expect(error?.message == "found \(size) bytes, expected a pin file of at most \(size - 1)")
    #expect(error?.identifier == "cannot-read")
  }

  @Test func `every flip of a byte is read or refused`() throws {
    let bytes = Array(Self.text.utf8)
    for offset in bytes.indices {
      var changed = bytes
      changed[offset] ^= 0x04
      _ = try? PinFileReader.entries(changed)
    }
    #expect(try PinFileReader.entries(bytes).count == 1)
  }
}
