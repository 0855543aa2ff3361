import Bytes
import Foundation
import SystemPackage
import TestSupport
import Testing

@testable import SourceFormats

/// Weights that Keras spread over several files are complete, or an error says what is wrong.
@Suite struct KerasShardsTests {
  private static let shards = ["keras3.sharded_00000.weights.h5", "keras3.sharded_00001.weights.h5"]

  private let directory: TemporaryDirectory

  init() throws {
    directory = try TemporaryDirectory()
    for name in Self.shards { try copy(name, as: name) }
  }

  private func copy(_ name: String, as target: String) throws {
    let file = try InputFile(KerasFixture.root.appending(name))
    _ = try directory.create(target, try file.read(at: 0, count: Int(file.size)))
  }

  /// The index of the fixture, with a piece of its text replaced.
  private func index(replacing old: String = "", with new: String = "") throws -> FilePath {
    let file = try InputFile(KerasFixture.root.appending("keras3.sharded.weights.json"))
    var text = String(decoding: try file.read(at: 0, count: Int(file.size)), as: UTF8.self)
    if !old.isEmpty {
      let place = try #require(text.range(of: old))
      text.replaceSubrange(place, with: new)
    }
    return try directory.create("index.weights.json", Array(text.utf8))
  }

  private func open(_ path: FilePath) throws -> SourceIndex {
    try SourceReader.open(path, options: KerasFixture.options)
  }

  @Test func `both files are read as one`() throws {
    let index = try open(index())
    #expect(index.files.map(\.path.lastComponent?.string) == Self.shards)
    #expect(Set(index.storages.map(\.file)) == [0, 1])
  }

  static let faults: [(String, String, String)] = [
    (
      #""/layers/dense/vars""#, #""/layers/dense_7/vars""#,
      #"the index places "/layers/dense_7/vars" in keras3.sharded_00001.weights.h5, which does not hold it"#
    ),
    (
      #""/layers/conv2d/vars": "keras3.sharded_00000.weights.h5""#,
      #""/layers/conv2d/vars": "keras3.sharded_00001.weights.h5""#,
      #"the index places "/layers/conv2d/vars" in keras3.sharded_00001.weights.h5, which does not hold it"#
    ),
    (
      #""/layers/conv2d/vars": "keras3.sharded_00000.weights.h5","#, "",
      #"a shard holds "/layers/conv2d/vars", which the index lacks"#
    ),
    (
      #""/layers/conv2d/vars": "keras3.sharded_00000.weights.h5""#, #""/layers/conv2d/vars": 7"#,
      #""weight_map" gives "/layers/conv2d/vars" integer, expected a file name"#
    ),
  ]

  @Test(arguments: faults)
  func `an index that contradicts its files is refused`(_ old: String, _ new: String, _ message: String)
    throws
  {
    let path = try index(replacing: old, with: new)
    let error = #expect(throws: SourceError.self) { try open(path) }
    #expect(error?.code == .malformed)
    #expect(error?.message == message)
    #expect(error?.file == path.string)
  }

  @Test func `one file alone is refused, or noted by its name`() throws {
    let later = directory.path.appending(Self.shards[1])
    #expect(
      throws: SourceError(
        .unsupported, "the file is one of several that hold the weights together", file: later.string,
        hint: "name their index, keras3.sharded.weights.json")
    ) { try open(later) }
    let first = try open(directory.path.appending(Self.shards[0]))
    #expect(
      first.notes.contains(
        "by its name the file may be one of several; their index would be keras3.sharded.weights.json"))
  }

  @Test func `a shard that is missing or something else is refused`() throws {
    _ = try directory.create(Self.shards[1], [1, 2, 3])
    let error = #expect(throws: SourceError.self) { try open(index()) }
    #expect(error?.file == directory.path.appending(Self.shards[1]).string)
    try copy("keras3.model.h5", as: Self.shards[1])
    let other = #expect(throws: SourceError.self) { try open(index()) }
    #expect(other?.message.contains("expected Keras weights") == true)
  }
}
