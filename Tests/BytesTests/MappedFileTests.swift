import Bytes
import SystemPackage
import Testing
import TestSupport

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

@Suite struct MappedFileTests {
  private let directory: TemporaryDirectory

  init() throws { directory = try TemporaryDirectory() }

  @Test(arguments: [0, 1, 4096, 10_000])
  func givesTheBytesOfTheFile(_ count: Int) throws {
    let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31) }
    let file = try MappedFile(directory.create("input", bytes))
    #expect(file.count == count)
    let copy = file.bytes.copied()
    #expect(copy == bytes)
  }

  @Test func readsIntegersAtAnyOffset() throws {
    let file = try MappedFile(directory.create("input", [0, 1, 2, 3, 4, 5, 6, 7, 8]))
    let short = file.bytes.littleEndian(at: 1, as: UInt16.self)
    let middle = file.bytes.littleEndian(at: 3, as: UInt32.self)
    let long = file.bytes.littleEndian(at: 1, as: UInt64.self)
    #expect(short == 0x0201)
    #expect(middle == 0x0605_0403)
    #expect(long == 0x0807_0605_0403_0201)
  }

  @Test func keepsItsBytesWhenAnotherFileTakesItsName() throws {
    let path = try directory.create("input", [1, 2])
    let file = try MappedFile(path)
    let other = try AtomicFile(path, overwrite: true)
    try other.write([9, 9, 9], at: 0)
    try other.commit()
    let replacement = try MappedFile(path)
    let (before, after) = (file.bytes.copied(), replacement.bytes.copied())
    #expect(before == [1, 2])
    #expect(after == [9, 9, 9])
  }

  @Test func refusesWhatAnInputFileRefuses() {
    #expect(
      throws: BytesError(
        .notAFile, "found a directory, expected a file", file: directory.path.string,
        hint: "name the checkpoint file inside it")
    ) { try MappedFile(directory.path) }
  }

  /// A file with a hole of 2^62 bytes, more than any processor can address; few file systems allow it.
  @Test func refusesAFileLargerThanTheAddressSpace() throws {
    let path = try directory.create("input", [])
    let count = 1 << 62
    guard unsafe path.withPlatformString({ unsafe truncate($0, count) }) == 0 else { return }
    #expect(
      throws: BytesError(
        .cannotRead, "cannot map the file: cannot allocate memory", file: path.string)
    ) { try MappedFile(path) }
  }
}
