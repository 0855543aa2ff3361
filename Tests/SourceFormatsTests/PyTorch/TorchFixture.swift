import Bytes
import Foundation
import SystemPackage
import Testing

@testable import SourceFormats

/// A file under `Fixtures/` that real torch wrote, with what `expected.json` says about it.
struct TorchFixture: CustomTestStringConvertible {
  /// One tensor of the content.
  struct Row: Hashable {
    var name: String
    var elementType: String
    var shape: [Int]
    /// SHA-256 of its contiguous little-endian bytes, in hexadecimal.
    var digest: String
  }

  var folder: String
  var name: String
  var container: String
  /// The content, or nothing where `expected.json` leaves it open.
  var rows: [Row]?
  var keyPath: [String]
  var prefix: String
  /// Tensors that must not be readable.
  var refused: [String]
  var hasWrongChecksums: Bool

  var testDescription: String { "\(folder)/\(name)" }

  /// The `Fixtures` folder of the package.
  static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    .appendingPathComponent("Fixtures")

  /// Every PyTorch fixture.
  static let all: [TorchFixture] = ["pytorch-zip", "pytorch-legacy", "pytorch-objects"].flatMap(load)

  func open() throws -> InputFile {
    try InputFile(FilePath(Self.root.appendingPathComponent("\(folder)/\(name)").path))
  }

  func read() throws -> SourceIndex {
    let file = try open()
    if container == "pytorch-legacy" { return try PyTorchLegacyReader.read(file) }
    return try PyTorchZipReader.read(
      file, options: SourceReaderOptions(ignoreChecksums: hasWrongChecksums))
  }

  private static func load(_ folder: String) -> [TorchFixture] {
    let url = root.appendingPathComponent("\(folder)/expected.json")
    guard let data = try? Data(contentsOf: url),
      let json = try? JSONSerialization.jsonObject(with: data) as? [String: Any],
      let contents = json["contents"] as? [String: [[Any]]],
      let files = json["files"] as? [String: [String: Any]]
    else { return [] }
    return files.sorted { $0.key < $1.key }.map { name, file in
      let content = (file["content"] as? String).flatMap { contents[$0] }
      return TorchFixture(
        folder: folder, name: name, container: file["container"] as? String ?? "",
        rows: content?.map { row in
          Row(
            name: row[0] as? String ?? "", elementType: row[1] as? String ?? "",
            shape: row[2] as? [Int] ?? [], digest: row[3] as? String ?? "")
        },
        keyPath: (file["keyPath"] as? String ?? "").split(separator: ".").map(String.init),
        prefix: file["prefix"] as? String ?? "",
        refused: (file["refused"] as? [String: Any])?["tensors"] as? [String] ?? [],
        hasWrongChecksums: file["checksums"] != nil)
    }
  }
}
