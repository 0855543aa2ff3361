import Bytes
import Foundation
import SystemPackage
import Testing
import TestSupport

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

@Suite struct InputFileTests {
  private let directory: TemporaryDirectory

  init() throws { directory = try TemporaryDirectory() }

  @Test func readsAnyRangeOfTheFile() throws {
    let file = try InputFile(directory.create("input", [1, 2, 3, 4]))
    #expect(file.size == 4)
    #expect(try file.read(at: 0, count: 4) == [1, 2, 3, 4])
    #expect(try file.read(at: 3, count: 1) == [4])
    #expect(try file.read(at: 4, count: 0) == [])
    var buffer: [UInt8] = [0, 0]
    try file.read(at: 1, into: &buffer)
    #expect(buffer == [2, 3])
    try file.checkUnchanged()
  }

  @Test func refusesAMissingFile() {
    let path = directory.file("absent")
    #expect(
      throws: BytesError(
        .cannotOpen, "no such file or directory", file: path.string, hint: "check the path")
    ) { try InputFile(path) }
  }

  @Test func refusesADirectory() {
    #expect(
      throws: BytesError(
        .notAFile, "found a directory, expected a file", file: directory.path.string,
        hint: "name the checkpoint file inside it")
    ) { try InputFile(directory.path) }
  }

  /// Opening a named pipe for reading waits for a writer unless told otherwise.
  @Test(.timeLimit(.minutes(1))) func refusesANamedPipeWithoutWaitingForAWriter() throws {
    let path = directory.file("pipe")
    #expect(unsafe path.withPlatformString { unsafe mkfifo($0, 0o600) } == 0)
    #expect(
      throws: BytesError(
        .notAFile, "not a regular file", file: path.string, hint: "save the data to a file first")
    ) { try InputFile(path) }
  }

  @Test func refusesADevice() {
    #expect(
      throws: BytesError(
        .notAFile, "not a regular file", file: "/dev/null", hint: "save the data to a file first")
    ) { try InputFile("/dev/null") }
  }

  @Test(
    arguments: [
      (0, 5), (4, 1), (5, 0), (2, 3), (.max, 1), (UInt64(Int64.max), 4), (1 << 63, 0),
    ] as [(UInt64, Int)])
  func refusesRangesOutsideOfTheFile(_ offset: UInt64, _ count: Int) throws {
    let file = try InputFile(directory.create("input", [1, 2, 3, 4]))
    let expected = BytesError(
      .unexpectedEnd, "\(count) bytes at this offset lie outside of the file of 4 bytes",
      file: file.path.string, offset: offset)
    #expect(throws: expected) { try file.read(at: offset, count: count) }
    var buffer = [UInt8](repeating: 0xAA, count: count)
    #expect(throws: expected) { try file.read(at: offset, into: &buffer) }
    #expect(buffer.allSatisfy { $0 == 0xAA })
  }

  @Test func refusesANegativeCount() throws {
    let file = try InputFile(directory.create("input", [1]))
    #expect(
      throws: BytesError(
        .unexpectedEnd, "-1 bytes at this offset lie outside of the file of 1 bytes",
        file: file.path.string, offset: 0)
    ) { try file.read(at: 0, count: -1) }
  }

  @Test func reportsAFileThatBecameShorterWhileItWasRead() throws {
    let file = try InputFile(directory.create("input", [1, 2, 3, 4]))
    _ = try directory.create("input", [1])
    let expected = BytesError(
      .unexpectedEnd, "the file ended 2 bytes early", file: file.path.string, offset: 1,
      hint: "the file became shorter while it was being read")
    #expect(throws: expected) { try file.read(at: 0, count: 3) }
    var buffer: [UInt8] = [0, 0, 0]
    #expect(throws: expected) { try file.read(at: 0, into: &buffer) }
  }

  /// How a file changes after it was opened.
  enum Change: CaseIterable {
    case shorter, longer, sameSizeLater
  }

  @Test(arguments: Change.allCases)
  func noticesThatTheFileChanged(_ change: Change) throws {
    let path = try directory.create("input", [1, 2, 3, 4])
    let file = try InputFile(path)
    try file.checkUnchanged()
    switch change {
    case .shorter: _ = try directory.create("input", [1])
    case .longer: _ = try directory.create("input", [1, 2, 3, 4, 5])
    case .sameSizeLater:
      try FileManager.default.setAttributes(
        [.modificationDate: Date(timeIntervalSince1970: 4_000_000_000)], ofItemAtPath: path.string)
    }
    #expect(
      throws: BytesError(
        .changed, "the file changed while it was being read", file: path.string,
        hint: "wait until it is written completely, then try again")
    ) { try file.checkUnchanged() }
  }

  @Test func keepsReadingTheFileItOpenedWhenAnotherTakesItsName() throws {
    let path = try directory.create("input", [1, 2])
    let file = try InputFile(path)
    let other = try directory.create("other", [9, 9, 9])
    #expect(
      unsafe other.withPlatformString { from in
        unsafe path.withPlatformString { to in unsafe rename(from, to) }
      } == 0)
    #expect(try file.read(at: 0, count: 2) == [1, 2])
    try file.checkUnchanged()
  }
}
