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

/// Every test runs twice: with a file that has no name until it is complete, and in the way of file systems
/// that know no such files.
@Suite(.serialized) struct AtomicFileTests {
  private let directory: TemporaryDirectory

  init() throws { directory = try TemporaryDirectory() }

  private func begin(_ name: String, overwrite: Bool = false, _ beginsUnnamed: Bool) throws -> AtomicFile {
    try AtomicFile(directory.file(name), overwrite: overwrite, beginsUnnamed: beginsUnnamed)
  }

  @Test(arguments: [true, false])
  func appearsCompleteWithTheCommitAndNotBefore(_ beginsUnnamed: Bool) throws {
    let file = try begin("output", beginsUnnamed)
    try file.write([3, 4], at: 2)
    try file.write([1, 2], at: 0)
    #expect(try !directory.names().contains("output"))
    #expect(try directory.names().count == (beginsUnnamed ? 0 : 1))
    try file.commit()
    #expect(try directory.names() == ["output"])
    #expect(try directory.bytes(of: "output") == [1, 2, 3, 4])
  }

  @Test(arguments: [true, false])
  func hasItsOwnSizeWhateverRoomWasReserved(_ beginsUnnamed: Bool) throws {
    let file = try begin("output", beginsUnnamed)
    try file.reserve(0)
    try file.reserve(1 << 20)
    #expect(try file.reading().size == 0)
    try file.write([1, 2, 3], at: 0)
    try file.commit()
    #expect(try directory.bytes(of: "output") == [1, 2, 3])
  }

  /// More than the part in which the system is asked to write, and the call may come early or late.
  @Test(arguments: [true, false])
  func keepsBytesThatAreAlreadyOnTheirWayToTheDisk(_ beginsUnnamed: Bool) throws {
    let file = try begin("output", beginsUnnamed)
    let part = [UInt8](repeating: 0xA5, count: 9 << 20)
    file.startWriteback(0..<0)
    try file.write(part[...], at: 64)
    file.startWriteback(64..<64 + UInt64(part.count))
    try file.write([1, 2, 3], at: 0)
    try file.commit()
    let written = try InputFile(directory.file("output"))
    #expect(written.size == 64 + UInt64(part.count))
    #expect(try written.read(at: 0, count: 4) == [1, 2, 3, 0])
    // Compared outside of the macro, which would take the arrays apart.
    let isWhole = try written.read(at: 64, count: part.count) == part
    #expect(isWhole)
  }

  @Test(arguments: [true, false], [true, false])
  func leavesNothingBehindWhenItIsGivenUp(_ beginsUnnamed: Bool, _ explicitly: Bool) throws {
    do {
      let file = try begin("output", beginsUnnamed)
      try file.write([1], at: 0)
      if explicitly {
        file.discard()
        file.discard()
      }
    }
    #expect(try directory.names() == [])
  }

  @Test(arguments: [true, false])
  func leavesAnOlderFileUntouchedWhenItIsDiscarded(_ beginsUnnamed: Bool) throws {
    _ = try directory.create("output", [7, 7])
    let file = try begin("output", overwrite: true, beginsUnnamed)
    try file.write([1], at: 0)
    file.discard()
    #expect(try directory.names() == ["output"])
    #expect(try directory.bytes(of: "output") == [7, 7])
  }

  @Test(arguments: [true, false])
  func replacesAnOlderFileWhenAsked(_ beginsUnnamed: Bool) throws {
    _ = try directory.create("output", [7, 7])
    let file = try begin("output", overwrite: true, beginsUnnamed)
    try file.write([1], at: 0)
    #expect(try directory.bytes(of: "output") == [7, 7])
    try file.commit()
    #expect(try directory.names() == ["output"])
    #expect(try directory.bytes(of: "output") == [1])
  }

  @Test(arguments: [true, false])
  func refusesAnExistingFileBeforeAnythingIsWritten(_ beginsUnnamed: Bool) throws {
    _ = try directory.create("output", [7])
    #expect(throws: exists("output")) { try begin("output", beginsUnnamed) }
    #expect(try directory.bytes(of: "output") == [7])
  }

  @Test(arguments: [true, false])
  func refusesAFileThatCameToExistMeanwhile(_ beginsUnnamed: Bool) throws {
    let file = try begin("output", beginsUnnamed)
    try file.write([1], at: 0)
    _ = try directory.create("output", [7])
    #expect(throws: exists("output")) { try file.commit() }
    #expect(try directory.names() == ["output"])
    #expect(try directory.bytes(of: "output") == [7])
  }

  @Test(arguments: [true, false])
  func letsTwoWritersOfOneNameReplaceEachOther(_ beginsUnnamed: Bool) throws {
    let first = try begin("output", overwrite: true, beginsUnnamed)
    let second = try begin("output", overwrite: true, beginsUnnamed)
    try first.write([1], at: 0)
    try second.write([2], at: 0)
    try first.commit()
    try second.commit()
    #expect(try directory.names() == ["output"])
    #expect(try directory.bytes(of: "output") == [2])
  }

  @Test(arguments: [true, false])
  func refusesADirectoryInPlaceOfTheFile(_ overwrite: Bool) throws {
    #expect(
      throws: BytesError(
        .notAFile, "found a directory where the output file should go", file: directory.path.string,
        hint: "name a file with -o")
    ) { try AtomicFile.check(directory.path, overwrite: overwrite) }
  }

  @Test func refusesADeviceInPlaceOfTheFile() {
    #expect(
      throws: BytesError(
        .notAFile, "found a special file where the output file should go", file: "/dev/null",
        hint: "name a file with -o")
    ) { try AtomicFile("/dev/null", overwrite: true) }
  }

  @Test(arguments: ["/", ""])
  func refusesAPathThatNamesNoFile(_ path: String) {
    #expect(throws: BytesError(.cannotWrite, "the output path names no file", file: path)) {
      try AtomicFile(FilePath(path), overwrite: true)
    }
  }

  @Test(arguments: [true, false])
  func refusesADirectoryThatDoesNotExist(_ beginsUnnamed: Bool) {
    #expect(
      throws: BytesError(
        .cannotWrite, "cannot create a file in this directory: no such file or directory",
        file: directory.file("absent").string,
        hint: "choose a directory that exists and can be written to")
    ) { try begin("absent/output", beginsUnnamed) }
  }

  @Test func checkCreatesNothing() throws {
    try AtomicFile.check(directory.file("output"), overwrite: false)
    #expect(try directory.names() == [])
  }

  @Test(arguments: [true, false])
  func hasThePermissionsOfAnyNewFile(_ beginsUnnamed: Bool) throws {
    let plain = try FileDescriptor.open(
      directory.file("plain"), .writeOnly, options: .create,
      permissions: [.ownerReadWrite, .groupReadWrite, .otherReadWrite])
    try plain.close()
    let file = try begin("output", beginsUnnamed)
    try file.commit()
    #expect(try permissions("output") == permissions("plain"))
  }

  private func permissions(_ name: String) throws -> Int {
    let attributes = try FileManager.default.attributesOfItem(atPath: directory.file(name).string)
    return try #require(attributes[.posixPermissions] as? Int)
  }

  private func exists(_ name: String) -> BytesError {
    BytesError(
      .exists, "the output file already exists", file: directory.file(name).string,
      hint: "use --force to replace it, or -o to name another")
  }
}
