import Bytes
import Checkpoint
import Foundation
import Testing

@testable import SourceFormats

/// Damaged files throw or are read; none may trap. What is read stays inside of the file.
@Suite struct TorchMutationTests {
  private static let names = [
    "pytorch-zip/se-module-tiny.pth", "pytorch-legacy/se-module-tiny.pth", "pytorch-legacy/storage-views.pth",
    "pytorch-legacy/views.pth",
  ]

  static let fixtures = TorchFixture.all.filter { names.contains($0.testDescription) }

  @Test(arguments: fixtures)
  func readsEveryTruncationWithoutATrap(_ fixture: TorchFixture) throws {
    let bytes = try content(fixture)
    let input = TemporaryInput()
    for count in 0..<bytes.count {
      #expect(throws: SourceError.self) { try check(Array(bytes.prefix(count)), fixture, input) }
    }
  }

  @Test(arguments: fixtures, [0xFF, 0x01] as [UInt8])
  func readsEveryFlippedByteWithoutATrap(_ fixture: TorchFixture, _ mask: UInt8) throws {
    var bytes = try content(fixture)
    let input = TemporaryInput()
    for place in bytes.indices {
      bytes[place] ^= mask
      try? check(bytes, fixture, input)
      bytes[place] ^= mask
    }
  }

  private func content(_ fixture: TorchFixture) throws -> [UInt8] {
    let file = try fixture.open()
    return try file.read(at: 0, count: Int(file.size))
  }

  private func check(_ bytes: [UInt8], _ fixture: TorchFixture, _ input: TemporaryInput) throws {
    let file = try input.holding(bytes)
    let index =
      fixture.container == "pytorch-legacy"
      ? try PyTorchLegacyReader.read(file)
      : try PyTorchZipReader.read(file, options: SourceReaderOptions(ignoreChecksums: true))
    for storage in index.storages {
      #expect(storage.offset + storage.storedByteCount <= file.size)
    }
    for tensor in index.tensors {
      let byteCount = Int(index.storages[tensor.storage].byteCount)
      let size = try #require(tensor.elementType.byteCount)
      guard tensor.elementCount > 0 else { continue }
      let last = zip(tensor.shape, tensor.strides).reduce(tensor.storageOffset) { $0 + ($1.0 - 1) * $1.1 }
      #expect((last + 1) * size <= byteCount)
    }
  }
}
