import Bytes
import Foundation
import SystemPackage
import Testing

@testable import SourceFormats

/// Families of damaged pickles: attacks of `Fixtures/hostile` that import, cut at every byte and with every bit flipped.
@Suite struct PickleMutationTests {
  private static let bases = [
    "os-system", "getattr", "inst", "setstate", "memo-built-global", "backward-hooks", "default-factory",
    "list-of-itself", "frame-of-nothing", "state-of-a-tensor",
  ]

  private func pickle(_ base: String) throws -> [UInt8] {
    let path = TorchFixture.root.appendingPathComponent("hostile/pickle-inert/\(base)/input.pth").path
    let archive = try ZipArchive(try InputFile(FilePath(path)))
    return try archive.read(try #require(archive.entry(named: "archive/data.pkl")), limit: 1 << 16).0
  }

  private func run(_ bytes: [UInt8]) throws -> (TorchIndex, Int) {
    var machine = PickleMachine(
      bytes, place: PickleMachine.Place(file: "x.pth", record: nil, baseOffset: 0),
      persistentIdentifiers: .zip)
    let root = try machine.run()
    return (try TorchIndex(machine.graph, root: root), machine.cursor.position)
  }

  @Test(arguments: bases)
  func everyTruncationIsCalledOne(_ base: String) throws {
    let bytes = try pickle(base)
    #expect(try run(bytes).1 == bytes.count)
    for count in bytes.indices {
      let error = #expect(throws: SourceError.self) { try run(Array(bytes.prefix(count))) }
      #expect(error?.code == .truncated, "\(count) of \(bytes.count) bytes")
    }
  }

  /// What is still read after a flip stays inside of what the pickle says about its storages.
  @Test(arguments: bases)
  func everyFlippedBitIsReadOrRefused(_ base: String) throws {
    var bytes = try pickle(base)
    var refused = 0
    for place in bytes.indices {
      for bit in 0..<8 as Range<UInt8> {
        bytes[place] ^= 1 << bit
        defer { bytes[place] ^= 1 << bit }
        do {
          let index = try run(bytes).0
          for entry in index.tree.entries {
            let tensor = index.graph.tensors[entry.tensor]
            guard !tensor.shape.contains(0) else { continue }
            let last = zip(tensor.shape, tensor.strides).reduce(tensor.storageOffset) {
              $0 + ($1.0 - 1) * $1.1
            }
            let available = try #require(index.graph.storages[tensor.storage].byteCount)
            #expect((last + 1) * tensor.scalarType.byteCount <= available)
          }
        } catch is SourceError {
          refused += 1
        }
      }
    }
    #expect(refused > bytes.count, "most flips break the pickle")
  }
}
