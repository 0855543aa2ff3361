import Bytes
import SystemPackage
import TestSupport
import Testing

@testable import SourceFormats

/// Damaged files are refused or read; what is read stays inside of the file, and a chunk that is decoded has its size.
///
/// Each file costs a process, so places are drawn by a fixed sequence of numbers rather than all tried.
@Suite struct KerasMutationTests {
  static let names = ["latest.h5", "deflated.h5", "fixed-text.h5", "keras3.weights.h5", "keras3.keras"]

  private static let count = 25

  @Test(arguments: names)
  func `truncated files are refused`(_ name: String) throws {
    let bytes = try content(name)
    let directory = try TemporaryDirectory()
    for step in 0..<Self.count {
      let path = try directory.create("damaged", Array(bytes.prefix(bytes.count * step / Self.count)))
      #expect(throws: SourceError.self) { try SourceReader.open(path, options: KerasFixture.options) }
    }
  }

  @Test(arguments: names)
  func `files with flipped bits are refused or read`(_ name: String) throws {
    var bytes = try content(name)
    let directory = try TemporaryDirectory()
    var state: UInt64 = 88_172_645_463_325_252
    for _ in 0..<Self.count {
      // Marsaglia's xorshift64.
      state ^= state << 13
      state ^= state >> 7
      state ^= state << 17
      let place = Int(state % UInt64(bytes.count))
      let mask = UInt8(1 << (state >> 32 & 7))
      bytes[place] ^= mask
      check(try directory.create("damaged", bytes))
      bytes[place] ^= mask
    }
  }

  private func content(_ name: String) throws -> [UInt8] {
    let file = try InputFile(KerasFixture.root.appending(name))
    return try file.read(at: 0, count: Int(file.size))
  }

  private func check(_ path: FilePath) {
    guard let index = try? SourceReader.open(path, options: KerasFixture.options) else { return }
    var decoded: [(address: UInt64, byteCount: UInt64)] = []
    for storage in index.storages {
      if case .hdf5(let address, _) = storage.encoding {
        decoded.append((address, storage.byteCount))
      } else {
        #expect(storage.offset + storage.storedByteCount <= index.files[0].size)
      }
    }
    var counts = decoded.map { _ in UInt64(0) }
    do {
      try index.hdf5[0]?.decode(decoded) { number, bytes in counts[number] += UInt64(bytes.count) }
      #expect(counts == decoded.map(\.byteCount))
    } catch {
      #expect(error.file == path.string)
    }
  }
}
