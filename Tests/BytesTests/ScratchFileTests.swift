import Bytes
import SystemPackage
import Testing
import TestSupport

@Suite struct ScratchFileTests {
  private let directory: TemporaryDirectory

  init() throws { directory = try TemporaryDirectory() }

  @Test func givesBackWhatWasAppended() throws {
    let file = try ScratchFile(in: directory.path)
    #expect(file.size == 0)
    try file.append([1, 2, 3])
    try file.append([])
    try file.append([4, 5])
    #expect(file.size == 5)
    var buffer: [UInt8] = [0, 0, 0]
    try file.read(at: 2, into: &buffer)
    #expect(buffer == [3, 4, 5])
    var nothing: [UInt8] = []
    try file.read(at: 5, into: &nothing)
  }

  @Test func hasNoNameThatAnyoneCouldSee() throws {
    let files = try (0..<3).map { _ in try ScratchFile(in: directory.path) }
    for (index, file) in files.enumerated() { try file.append([UInt8(index)]) }
    #expect(try directory.names() == [])
    for (index, file) in files.enumerated() {
      var buffer: [UInt8] = [0xFF]
      try file.read(at: 0, into: &buffer)
      #expect(buffer == [UInt8(index)])
    }
  }

  @Test(arguments: [(0, 3), (2, 1), (3, 0), (.max, 1)] as [(UInt64, Int)])
  func refusesToReadPastTheEnd(_ offset: UInt64, _ count: Int) throws {
    let file = try ScratchFile(in: directory.path)
    try file.append([1, 2])
    var buffer = [UInt8](repeating: 0, count: count)
    #expect(throws: BytesError(.unexpectedEnd, "read past the end of a scratch file", offset: offset)) {
      try file.read(at: offset, into: &buffer)
    }
  }

  @Test func refusesADirectoryThatDoesNotExist() {
    let absent = directory.file("absent")
    #expect(
      throws: BytesError(
        .cannotWrite, "cannot create a file in this directory: no such file or directory",
        file: absent.string, hint: "choose a directory that exists and can be written to")
    ) { try ScratchFile(in: absent) }
  }
}
