import Bytes
import Checkpoint
import Crypto
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
    /// SHA-256 of its little-endian bytes, in hexadecimal.
    var digest: String
  }

  var name: String
  var container: String
  var rows: [Row]
  var notes: [String]

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
            name: row[0] as? String ?? "", elementType: row[1] as? String ?? "",
            shape: row[2] as? [Int] ?? [],
            digest: row[3] as? String ?? "")
        }, notes: file["notes"] as? [String] ?? [])
    }
  }()

  static func named(_ name: String) throws -> KerasFixture { try #require(all.first { $0.name == name }) }

  func read() throws -> SourceIndex {
    try SourceReader.open(Self.root.appending(name), options: Self.options)
  }
}

extension SourceIndex {
  /// Every tensor with the digest of its bytes.
  func rows() throws -> [KerasFixture.Row] {
    try tensors.map { tensor in
      let width = try #require(tensor.elementType.byteCount)
      let start = tensor.storageOffset * width
      var bytes = try bytes(of: storages[tensor.storage])[start..<start + tensor.elementCount * width]
      if storages[tensor.storage].isBigEndian {
        let reversed = stride(from: bytes.startIndex, to: bytes.endIndex, by: width).flatMap {
          bytes[$0..<$0 + width].reversed()
        }
        bytes = reversed[...]
      }
      return KerasFixture.Row(
        name: name(of: tensor), elementType: tensor.elementType.rawValue, shape: tensor.shape,
        digest: SHA256.hash(data: bytes).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined())
    }
  }

  private func bytes(of storage: SourceStorage) throws -> [UInt8] {
    var bytes: [UInt8] = []
    if case .hdf5(let address, _) = storage.encoding {
      let file = try #require(hdf5[storage.file])
      try file.decode([(address, storage.byteCount)]) { _, piece in bytes += piece }
    } else {
      _ = try storage.forEachPiece(of: files[storage.file]) { bytes += $0 }
    }
    return bytes
  }
}
