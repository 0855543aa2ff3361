import Bytes
import Checkpoint
import JSON
import SourceFormats
import SystemPackage
import TestSupport
import Testing

/// A file under `Fixtures/` that another program wrote, with what `expected.json` says about it.
struct Fixture: CustomTestStringConvertible, Sendable {
  /// One tensor of the content.
  struct Row: Hashable {
    var name: String
    var elementType: ElementType
    var shape: [Int]
    /// SHA-256 of its contiguous little-endian bytes, in hexadecimal.
    var digest: String
  }

  var folder: String
  var name: String
  /// What `expected.json` says about the file.
  var members: JSONValue

  var testDescription: String { "\(folder)/\(name)" }

  /// The `Fixtures` folder of the package.
  static let root = FilePath(#filePath).removingLastComponent().removingLastComponent()
    .removingLastComponent()
    .appending("Fixtures")

  /// The fixture of a path below `Fixtures/`.
  init(_ path: String) throws {
    let separator = try #require(path.firstIndex(of: "/"))
    folder = String(path[..<separator])
    name = String(path[path.index(after: separator)...])
    members = .null
    members = try #require(try Self.expected(folder)["files"]?[name], "\(path) is not in expected.json")
  }

  private init(folder: String, name: String, members: JSONValue) {
    self.folder = folder
    self.name = name
    self.members = members
  }

  var path: FilePath { Self.root.appending(folder).appending(name) }

  /// Every fixture of a folder; none where its `expected.json` cannot be read, which a test notices.
  static func all(in folder: String) -> [Fixture] {
    ((try? expected(folder)["files"]?.objectValue) ?? []).map {
      Fixture(folder: folder, name: $0.name, members: $0.value)
    }
  }

  /// The tensors in order of the file, by the name of the content in `expected.json`.
  func rows() throws -> [Row] {
    let content = try #require(members["content"]?.stringValue)
    let contents = try Self.expected(folder)["contents"]
    return try #require(contents?[content]?.arrayValue).map { row in
      let row = try #require(row.arrayValue)
      return Row(
        name: try #require(row[0].stringValue),
        elementType: try #require(row[1].stringValue.flatMap(ElementType.init(rawValue:))),
        shape: try #require(row[2].arrayValue).compactMap(\.integerValue),
        digest: try #require(row[3].stringValue))
    }
  }

  func open(ignoreChecksums: Bool = false) throws -> SourceIndex {
    try SourceReader.open(
      path,
      options:
        SourceReaderOptions(ignoreChecksums: ignoreChecksums, worker: Program.executable))
  }

  private static func expected(_ folder: String) throws -> JSONValue {
    let file = try InputFile(root.appending(folder).appending("expected.json"))
    return try JSONParser.parse(file.read(at: 0, count: Int(file.size)))
  }
}
