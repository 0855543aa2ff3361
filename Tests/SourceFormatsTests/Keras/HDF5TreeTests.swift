import Bytes
import Checkpoint
import SystemPackage
import TestSupport
import Testing

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

@testable import SourceFormats

/// New HDF5 files have the structure asked for: that of files which Keras wrote.
@Suite struct HDF5TreeTests {
  private let directory: TemporaryDirectory

  init() throws { directory = try TemporaryDirectory() }

  /// The objects of a file, without the places where its writer put them.
  private func objects(_ path: FilePath) throws -> Set<HDF5Object> {
    let file = try InputFile(path)
    let source = HDF5File(file: file, offset: 0, byteCount: file.size, worker: Program.executable)
    return Set(
      try source.objects().map { object in
        var object = object
        if case .dataset(var dataset) = object.kind, case .contiguous(_, let byteCount) = dataset.layout {
          dataset.address = 0
          dataset.layout = .contiguous(offset: 0, byteCount: byteCount)
          object.kind = .dataset(dataset)
        }
        return object
      })
  }

  private func tree(_ objects: Set<HDF5Object>) throws -> HDF5Tree {
    var tree = HDF5Tree(isUnicode: true)
    tree.objects = try objects.sorted { $0.path < $1.path }.map { object in
      var copy = HDF5Tree.Object(path: object.path)
      copy.attributes = try object.attributes.sorted { $0.key < $1.key }.map { name, texts in
        let texts = try #require(texts)
        return .init(name, texts.count == 1 ? .text(texts[0]) : .texts(texts))
      }
      guard case .dataset(let dataset) = object.kind else { return copy }
      let type: ElementType
      if case .numbers(let known, _) = dataset.type { type = known } else { type = .bfloat16 }
      copy.dataset = .init(elementType: type, shape: dataset.shape)
      return copy
    }
    return tree
  }

  @discardableResult
  private func layOut(_ tree: HDF5Tree, _ name: String) throws -> [UInt64] {
    let output = try AtomicFile(directory.file(name), overwrite: false)
    let offsets = try HDF5File.layOut(tree, in: output, worker: Program.executable)
    try output.commit()
    return offsets
  }

  @Test(arguments: [
    "keras2.weights-only.h5", "tf2cv-bam-resnet.h5", "tf2cv-cbam-resnet.h5", "keras3.bfloat16.weights.h5",
    "split-names.h5",
  ])
  func `the structure of a file of Keras is made again`(_ name: String) throws {
    let wanted = try objects(KerasFixture.root.appending(name))
    try layOut(try tree(wanted), "new.h5")
    #expect(try objects(directory.file("new.h5")) == wanted)
  }

  private static let small: HDF5Tree = {
    var tree = HDF5Tree(isUnicode: false)
    tree.objects[0].attributes = [
      .init("backend", .text("tensorflow")), .init("layer_names", .texts(["first", "größer"])),
      .init("weight_names0", .paddedTexts(["a", "longer"])), .init("none", .texts([])),
    ]
    tree.objects.append(.init(path: "first"))
    for type in HDF5Tree.elementTypes {
      tree.objects.append(
        .init(
          path: "first/\(type.rawValue)", attributes: [.init("dtype", .text("bfloat16"))],
          dataset: .init(elementType: type, shape: [3, 5])))
    }
    return tree
  }()

  @Test func `every type and attribute comes back`() throws {
    let offsets = try layOut(Self.small, "new.h5")
    let objects = try objects(directory.file("new.h5"))
    #expect(try tree(objects).objects.map(\.path) == Self.small.objects.map(\.path).sorted())
    #expect(
      objects.first { $0.path.isEmpty }?.attributes == [
        "backend": ["tensorflow"], "layer_names": ["first", "größer"], "weight_names0": ["a", "longer"],
        "none": [],
      ])
    #expect(Set(offsets).count == 4)
    let bytes = try directory.bytes(of: "new.h5")
    for (offset, size) in zip(offsets, [2, 2, 4, 8]) {
      #expect(bytes[Int(offset)..<Int(offset) + 15 * size].allSatisfy { $0 == 0 }, "room is empty")
    }
  }

  @Test func `the same tree gives the same bytes, without a time`() throws {
    try layOut(Self.small, "first.h5")
    try layOut(Self.small, "second.h5")
    #expect(try directory.bytes(of: "first.h5") == directory.bytes(of: "second.h5"))
    // The message of a modification time (HDF5 File Format Specification, IV.A.2.s) would make an object's header
    // depend on the clock: 0x0012, size 8.
    let bytes = try directory.bytes(of: "first.h5")
    #expect(bytes.starts(with: KerasReader.signature + [0]), "version 0 of the superblock")
    #expect(!bytes.indices.dropLast(4).contains { bytes[$0..<$0 + 4] == [0x12, 0, 8, 0] })
  }

  @Test func `what is not the tree asked for is not trusted`() throws {
    try layOut(Self.small, "new.h5")
    let file = try InputFile(directory.file("new.h5"))
    let found = try HDF5File(
      file: file, offset: 0, byteCount: file.size, worker: Program.executable
    ).objects()
    #expect(Self.small.offsets(in: found, fileSize: file.size) != nil)
    #expect(Self.small.offsets(in: found, fileSize: 100) == nil)
    #expect(Self.small.offsets(in: found.dropLast(), fileSize: file.size) == nil)
    for (path, change) in [
      ("first/F32", { $0.attributes = [:] }),
      ("first/F32", { $0.kind = .group }),
      ("first", { $0.path = "second" }),
      ("first/F32", { $0.change { $0.shape = [5, 3] } }),
      ("first/F32", { $0.change { $0.type = .numbers(.float32, isBigEndian: true) } }),
      ("first/F32", { $0.change { $0.layout = .encoded(filters: [], byteCount: 60) } }),
      ("first/F32", { $0.change { $0.layout = .contiguous(offset: 0, byteCount: 56) } }),
      (
        "first/F32",
        { object in
          // Over the room of another dataset.
          guard case .dataset(let other) = found.first(where: { $0.path == "first/F64" })?.kind,
            case .contiguous(let offset, _) = other.layout
          else { return }
          object.change { $0.layout = .contiguous(offset: offset, byteCount: 60) }
        }
      ),
    ] as [(String, (inout HDF5Object) -> Void)] {
      var changed = found
      let index = try #require(changed.firstIndex { $0.path == path })
      change(&changed[index])
      #expect(changed != found)
      #expect(Self.small.offsets(in: changed, fileSize: file.size) == nil, "\(changed[index])")
    }
  }

  @Test func `a tree that the library refuses leaves nothing behind`() throws {
    var tree = HDF5Tree(isUnicode: true)
    tree.objects.append(.init(path: "missing/group"))
    let error = try #require(throws: SourceError.self) { try layOut(tree, "new.h5") }
    #expect(error.code == .inputOutput)
    #expect(error.message.hasPrefix("cannot make the HDF5 file: \"missing/group\" cannot be made: "))
    #expect(error.file == directory.file("new.h5").string)
    #expect(try directory.names() == [])
  }

  @Test(arguments: [
    ("exit 1", "the worker ended with status 1"), ("kill -9 $$", "the worker was ended by signal 9"),
    ("exit 0", "the HDF5 library cannot open the file: "), ("echo {}", "the worker's answer is damaged"),
    (#"echo '{"code":"unsupported","message":"no room"}'"#, "no room"),
  ])
  func `a worker that fails is an error and leaves nothing behind`(
    _ script: String, _ reason: String
  ) throws {
    let worker = try directory.create(
      "worker", Array("#!/bin/sh\n[ $1 = __hdf5-lay-out ] || exec \(Program.executable) $1\n\(script)\n".utf8)
    )
    #expect(unsafe worker.withPlatformString { unsafe chmod($0, 0o700) } == 0)
    let output = try AtomicFile(directory.file("new.h5"), overwrite: false)
    let error = try #require(throws: SourceError.self) {
      try HDF5File.layOut(Self.small, in: output, worker: worker)
    }
    #expect(error.message.contains(reason), "\(error.message)")
    #expect(error.file == output.path.string)
    output.discard()
    #expect(try directory.names() == ["worker"])
  }
}

extension HDF5Object {
  fileprivate mutating func change(_ body: (inout Dataset) -> Void) {
    guard case .dataset(var dataset) = kind else { return }
    body(&dataset)
    kind = .dataset(dataset)
  }
}
