import Foundation
import SystemPackage
import TestSupport
import Testing

@testable import SourceFormats

/// What a weight is listed as that cannot be read, and what is said where a worker does not do its work. Hostile files stand in
/// `Fixtures/hostile/hdf5`.
@Suite struct KerasRefusalTests {
  @Test func `a weight that is no array of numbers is listed as unreadable`() throws {
    let index = try SourceReader.open(
      KerasFixture.root.appending("../hostile/hdf5/type-compound/file.h5"), options: KerasFixture.options)
    #expect(index.tensors == [])
    #expect(
      index.extras == [
        SourceExtra(
          path: ["eca", "eca/conv1d/kernel:0"], value: .unreadableTensor(reason: "compound records"))
      ])
  }

  /// What programs in the worker's place do, as shell commands, and what is said then.
  static let workers: [(String, SourceError.Code, String)] = [
    ("kill -SEGV $$", .malformed, "reading the structure of the HDF5 file ended the worker by signal 11"),
    (
      "kill -XCPU $$", .limitExceeded,
      "reading the structure of the HDF5 file took more than 4 s of processor time"
    ),
    ("exit 9", .malformed, "reading the structure of the HDF5 file failed (status 9 of the worker)"),
    ("exit 3", .unsupported, "the HDF5 library that this program was built for is not installed"),
    ("printf '[1]'", .malformed, "the worker's index of the HDF5 file is damaged"),
    (
      #"printf '{"objects":[{"path":"","attributes":[["layer_names",["a","a"]]]}]}'"#, .malformed,
      "the file lists the layer \"a\", which it does not hold"
    ),
    (
      #"printf '{"objects":[{"path":"vars/0","shape":[4],"type":"F32","bigEndian":false,"offset":9999999,"byteCount":16,"address":1}]}'"#,
      .truncated, "\"vars/0\" needs 16 bytes at 9999999, the HDF5 file has 8"
    ),
    (
      #"printf '{"objects":[{"path":"vars/0","shape":[4],"type":"F32","bigEndian":false,"offset":0,"byteCount":4,"address":1}]}'"#,
      .malformed, "\"vars/0\" stores 4 bytes, its shape [4] needs 16"
    ),
    (
      #"printf '{"objects":[{"path":"vars/0","shape":[4611686018427387904,4],"type":"F32","bigEndian":false,"offset":0,"byteCount":4,"address":1}]}'"#,
      .limitExceeded, "the shape of \"vars/0\" [4611686018427387904, 4] overflows"
    ),
    (
      #"printf '{"objects":[{"path":"vars/0","shape":[-1],"type":"F32"}]}'"#, .malformed,
      "the worker's index of the HDF5 file is damaged"
    ),
  ]

  @Test(arguments: workers)
  func `nothing that a worker does or says is trusted`(
    _ command: String, _ code: SourceError.Code, _ message: String
  ) throws {
    let directory = try TemporaryDirectory()
    let worker = try directory.create("worker", Array("#!/bin/sh\n\(command)\n".utf8))
    try FileManager.default.setAttributes([.posixPermissions: 0o700], ofItemAtPath: worker.string)
    let file = try directory.create("file.h5", KerasReader.signature)
    let error = #expect(throws: SourceError.self) {
      try SourceReader.open(file, options: SourceReaderOptions(worker: worker))
    }
    #expect(error?.code == code)
    #expect(error?.message == message)
    #expect(error?.file == file.string)
  }

  @Test(.timeLimit(.minutes(1)))
  func `time grows with the number of attributes and not with its square`() throws {
    let count = 50_000
    func group(_ path: String, _ name: String) -> HDF5Object {
      var attributes: [String: [String]?] = [:]
      for number in 0..<count { attributes["\(name)\(number)"] = ["text"] }
      return HDF5Object(path: path, attributes: attributes, kind: .group)
    }
    var objects = [group("", "own"), group("model_weights", "other")]
    objects[0].attributes["both"] = ["text"]
    objects[1].attributes["both"] = ["text"]
    objects[1].attributes["layer_names"] = [String]()
    var index = SourceIndex(container: .kerasHDF5, files: [])
    try KerasTree(objects).fill(&index, place: KerasTree.Place(fileSize: 0))
    #expect(index.extras.count == 2 * count + 1)
  }
}
