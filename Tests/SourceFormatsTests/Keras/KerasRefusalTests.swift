import Foundation
import SystemPackage
import TestSupport
import Testing

@testable import SourceFormats

/// HDF5 files that try something, and those that Keras did not write, are refused before any data is read.
@Suite struct KerasRefusalTests {
  private static let saveAgain = "in Python, load the weights and save them again"
  private static let fetchAgain = "fetch or save the file again"
  private static let nameWeights = "name the file that holds the weights"

  static let refusals: [(String, SourceError)] = [
    (
      "external-link.h5",
      SourceError(.unsupported, "\"a/w\" is an external link, which no Keras file has", hint: saveAgain)
    ),
    (
      "soft-link.h5",
      SourceError(.unsupported, "\"a/w\" is a soft link, which no Keras file has", hint: saveAgain)
    ),
    (
      "external-storage.h5",
      SourceError(.unsupported, "\"a/w\" is a dataset in external files, which no Keras file has")
    ),
    (
      "virtual-dataset.h5", SourceError(.unsupported, "\"a/w\" is a virtual dataset, which no Keras file has")
    ),
    (
      "cycle.h5",
      SourceError(
        .malformed, "the object \"a/again/a\" has a second path to it, or contains itself", hint: fetchAgain)
    ),
    ("deep.h5", SourceError(.limitExceeded, "groups are nested deeper than 64 levels")),
    (
      "nothing-written.h5",
      SourceError(
        .limitExceeded, "\"a/w\" [1048576, 1048576] would be 4398046511104 bytes, 0 are stored for it")
    ),
    (
      "few-chunks.h5",
      SourceError(
        .limitExceeded, "\"a/w\" [1048576, 1048576] would be 4398046511104 bytes, 42 are stored for it")
    ),
    (
      "lzf.h5",
      SourceError(.unsupported, "\"a/w\" is stored with the filter lzf, which is not read", hint: saveAgain)
    ),
    (
      "absent-weight.h5",
      SourceError(.malformed, "the layer \"a\" lists the weight \"w\", which the file does not hold")
    ),
    (
      "pandas.h5",
      SourceError(
        .notACheckpoint, "found a pandas table in an HDF5 file, expected Keras weights", hint: nameWeights)
    ),
    (
      "datasets.h5",
      SourceError(
        .notACheckpoint,
        "found an HDF5 file with 2 datasets, the first of them \"images/test\", expected Keras weights",
        hint: nameWeights)
    ),
    (
      "empty.h5",
      SourceError(
        .notACheckpoint, "found an HDF5 file without data, expected Keras weights", hint: nameWeights)
    ),
  ]

  @Test(arguments: refusals)
  func `a file is refused by name`(_ name: String, _ expected: SourceError) throws {
    let path = KerasFixture.root.appending("hostile").appending(name)
    var expected = expected
    expected.file = path.string
    expected.hint = expected.hint ?? expected.code.generalHint
    #expect(throws: expected) { try SourceReader.open(path, options: KerasFixture.options) }
  }

  @Test func `a weight that is no array of numbers is listed as unreadable`() throws {
    let index = try SourceReader.open(
      KerasFixture.root.appending("hostile/records.h5"), options: KerasFixture.options)
    #expect(index.tensors == [])
    #expect(
      index.extras == [SourceExtra(path: ["a", "w"], value: .unreadableTensor(reason: "compound records"))])
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
}
