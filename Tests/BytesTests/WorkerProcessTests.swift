import Bytes
import SystemPackage
import TestSupport
import Testing

@Suite struct WorkerProcessTests {
  private let directory = try? TemporaryDirectory()

  private func start(
    _ command: String, environment: [String] = [], request: [UInt8] = []
  ) throws -> WorkerProcess {
    let directory = try #require(directory)
    let file = try InputFile(directory.create("file", Array("content".utf8)))
    return try WorkerProcess(
      "/bin/sh", arguments: ["-c", command], environment: environment, reading: file, request: request)
  }

  private func output(of process: WorkerProcess) throws -> String {
    var bytes: [UInt8] = []
    while true {
      let piece = try process.read(3, within: 60)
      if piece.isEmpty { return String(decoding: bytes, as: UTF8.self) }
      bytes += piece
    }
  }

  @Test func `a process reads the file and the request and answers`() throws {
    let process = try start("cat <&3; cat", request: Array(" and request".utf8))
    #expect(try output(of: process) == "content and request")
    #expect(process.wait() == .exited(0))
  }

  @Test func `a process gets the environment it is given and no other`() throws {
    let process = try start("echo $A$HOME", environment: ["A=b"])
    #expect(try output(of: process) == "b\n")
  }

  @Test(arguments: [
    ("exit 7", WorkerProcess.Ending.exited(7)), ("kill -SEGV $$", .signalled(11)),
    ("kill -PIPE $$", .signalled(13)),
  ])
  func `the ending is told`(_ command: String, _ ending: WorkerProcess.Ending) throws {
    let process = try start(command)
    #expect(try output(of: process) == "")
    #expect(process.wait() == ending)
  }

  @Test func `a process that writes nothing in time is ended`() throws {
    let stuck = try start("exec tail -f /dev/null")
    #expect(try stuck.read(1, within: 0) == [])
    #expect(stuck.wait() == .timedOut)
  }

  @Test func `a program that is not there is an error`() throws {
    let directory = try #require(directory)
    let file = try InputFile(directory.create("file", []))
    let missing = directory.file("missing")
    #expect(
      throws: BytesError(
        .cannotStart, "cannot start a process: no such file or directory", file: missing.string)
    ) { try WorkerProcess(missing, arguments: [], environment: [], reading: file) }
  }
}
