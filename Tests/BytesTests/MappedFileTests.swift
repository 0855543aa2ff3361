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

  /// Without `LostPages` the first look at a missing page ends the process.
  @Test func readsZerosWherePagesAreGoneAndSaysSo() throws {
    LostPages.install()
    let page = Int(sysconf(Int32(_SC_PAGESIZE)))
    let path = try directory.create("input", [UInt8](repeating: 7, count: 3 * page))
    let (file, other) = (try MappedFile(path), try MappedFile(path))
    try file.checkUnchanged()
    #expect(unsafe path.withPlatformString { unsafe truncate($0, off_t(page)) } == 0)
    let ends = [0, page - 1, page, 3 * page - 1].map { file.bytes.littleEndian(at: $0, as: UInt8.self) }
    #expect(ends == [7, 7, 0, 0])
    #expect(throws: changed(path)) { try file.checkUnchanged() }
    #expect(throws: changed(path)) { try other.checkUnchanged() }
  }

  @Test func noticesBytesThatAreWrittenInPlace() throws {
    let path = try directory.create("input", [1, 2])
    let file = try MappedFile(path)
    let old = timeval(tv_sec: 1, tv_usec: 0)
    #expect(unsafe path.withPlatformString { unsafe utimes($0, [old, old]) } == 0)
    #expect(throws: changed(path)) { try file.checkUnchanged() }
  }

  private func changed(_ path: FilePath) -> BytesError {
    BytesError(
      .changed, "the file changed while it was being read", file: path.string,
      hint: "wait until it is written completely, then try again")
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
