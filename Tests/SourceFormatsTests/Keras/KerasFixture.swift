import Foundation
import SystemPackage
import TestSupport
import Testing

@testable import SourceFormats

/// A file in `Fixtures/keras` with what `expected.json` says about it.
struct KerasFixture: CustomTestStringConvertible {
  struct Row: Hashable {
    var name: String
    var elementType: String
    var shape: [Int]
  }

  var name: String
  var container: String
  var rows: [Row]

  var testDescription: String { name }

  static let root = FilePath(TorchFixture.root.appendingPathComponent("keras").path)

  static let options = SourceReaderOptions(worker: Program.executable)

  static let all: [KerasFixture] = {
    guard let data = try? Data(contentsOf: URL(fileURLWithPath: root.appending("expected.json").string)),
      let json = try? JSONSerialization.jsonObject(with: data) as? [String: Any],
      let contents = json["contents"] as? [String: [[Any]]],
      let files = json["files"] as? [String: [String: Any]]
    else { return [] }
    return files.sorted { $0.key < $1.key }.map { name, file in
      KerasFixture(
        name: name, container: file["container"] as? String ?? "",
        rows: (contents[file["content"] as? String ?? ""] ?? []).map { row in
          Row(
            name: row[0] as? String ?? "", elementType: row[1] as? String ?? "", shape: row[2] as? [Int] ?? []
          )
        })
    }
  }()

  static func named(_ name: String) throws -> KerasFixture { try #require(all.first { $0.name == name }) }

  func read() throws -> SourceIndex {
    try SourceReader.open(Self.root.appending(name), options: Self.options)
  }
}
