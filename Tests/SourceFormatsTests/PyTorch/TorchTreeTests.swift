import Testing

@testable import SourceFormats

private typealias P = PickleBytes

/// Names: which path each tensor and each value beside it gets.
@Suite struct TorchTreeTests {
  private func tree(_ value: [UInt8], isTorchScript: Bool = false) throws -> TorchTree {
    var machine = PickleMachine(
      P.file(value), place: PickleMachine.Place(file: "x.pth", record: nil, baseOffset: 0),
      persistentIdentifiers: .zip)
    let root = try machine.run()
    return try TorchTree(machine.graph, root: root, isTorchScript: isTorchScript)
  }

  private static func module(
    _ parameters: KeyValuePairs<String, [UInt8]>, buffers: KeyValuePairs<String, [UInt8]> = [:],
    modules: KeyValuePairs<String, [UInt8]> = [:], transient: [String] = []
  ) -> [UInt8] {
    P.object(
      "torch.nn", "Module",
      P.dictionary([
        "training": P.bool(true), "_parameters": P.dictionary(parameters), "_buffers": P.dictionary(buffers),
        "_non_persistent_buffers_set": P.call(
          "builtins", "set", P.emptyList + P.mark + transient.flatMap(P.text) + [0x65]),
        "_modules": P.dictionary(modules),
      ]))
  }

  static let paths: [([UInt8], [[String]])] = [
    (P.four, [[]]),
    (P.dictionary(["a": P.four, "b": P.four]), [["a"], ["b"]]),
    (P.dictionary(["state_dict": P.dictionary(["w": P.four])]), [["state_dict", "w"]]),
    (P.list(P.four, P.tuple(P.int(1), P.four)), [["0"], ["1", "1"]]),
    (
      P.dictionary((P.int(7), P.four), (P.bool(true), P.four), (P.none, P.four), ([0x43, 1, 0x62], P.four)),
      [["7"], ["True"], ["None"], ["b"]]
    ),
    // Keys that are no names keep their values apart.
    (
      P.dictionary((P.tuple(P.int(1)), P.four), (P.tuple(P.int(1)), P.four)),
      [["<a tuple of 1 #0>"], ["<a tuple of 1 #1>"]]
    ),
    // Python: the last of equal keys counts, at the place of the first.
    (
      P.dictionary((P.text("a"), P.none), (P.text("b"), P.four), ([0x55, 1, 0x61], P.four)), [["a"], ["b"]]
    ),
    // `_metadata` and other attributes of a dict are not part of it.
    (
      P.call("collections", "OrderedDict") + P.text("w") + P.four + [0x73]
        + P.dictionary(["_metadata": P.dictionary(["x": P.four])]) + P.build, [["w"]]
    ),
    // The same container on two paths.
    (
      P.dictionary(["ema": P.dictionary(["w": P.four]) + P.put(9), "raw": P.get(9)]),
      [["ema", "w"], ["raw", "w"]]
    ),
    // Objects: attributes by name, items by number, arguments in brackets.
    (P.object("m", "C", P.dictionary(["shadow": P.dictionary(["w": P.four])])), [["shadow", "w"]]),
    (P.object("m", "C", P.tuple(P.none, P.dictionary(["slot": P.four]))), [["slot"]]),
    (P.object("m", "C", P.tuple(P.int(1), P.four, P.none)), [["(state)", "1"]]),
    (P.call("m", "deque", P.emptyList) + P.mark + P.four + [0x65], [["0"]]),
    (P.call("m", "Pair", P.four, P.int(1)), [["(0)"]]),
    // Whole modules, named as `state_dict()` names them.
    (
      module(
        ["weight": P.four, "bias": P.none], buffers: ["mean": P.four, "scratch": P.four],
        modules: ["0": module(["w": P.four], modules: ["conv": module(["w": P.four])]), "gone": P.none],
        transient: ["scratch"]),
      [["weight"], ["mean"], ["0.w"], ["0.conv.w"]]
    ),
    (P.dictionary(["net": module([:], modules: ["a": module(["w": P.four])])]), [["net", "a.w"]]),
    (P.list(module(["w": P.four]), module(["w": P.four])), [["0", "w"], ["1", "w"]]),
  ]

  @Test(arguments: paths.indices)
  func namesTensors(_ index: Int) throws {
    #expect(try tree(Self.paths[index].0).entries.map(\.path) == Self.paths[index].1)
  }

  @Test func namesParametersOfTorchScriptObjects() throws {
    let inner = P.object("__torch__.B", "Conv", P.dictionary(["training": P.bool(false), "weight": P.four]))
    let outer = P.object(
      "__torch__.A", "Net", P.dictionary(["conv1": inner, "list": P.list(P.four, P.int(3)), "n": P.int(3)]))
    let tree = try tree(outer, isTorchScript: true)
    #expect(tree.entries.map(\.path) == [["conv1.weight"], ["list", "0"]])
    #expect(tree.extras == [SourceExtra(path: [], value: .object(className: "__torch__.A.Net"))])
  }

  @Test func listsWhatLiesBesideTheTensors() throws {
    let tree = try tree(
      P.dictionary([
        "epoch": P.int(3), "lr": [0x47, 0x3F, 0xF8, 0, 0, 0, 0, 0, 0], "arch": P.text("resnet50"),
        "flag": P.bool(false), "nothing": P.none, "seed": [0x8A, 9, 0, 0, 0, 0, 0, 0, 0, 0, 1],
        "blob": [0x43, 2, 1, 2], "encoded": P.call("_codecs", "encode", P.text("aé"), P.text("latin1")),
        "dtype": P.global("torch", "half"), "class": P.global("m", "C"), "empty": P.emptyDictionary,
        "args": P.object("argparse", "Namespace", P.dictionary(["wd": P.int(0)])),
        "best": P.call("numpy.core.multiarray", "scalar", P.none), "storage": P.storage(count: 1),
        "sparse": P.call("torch._utils", "_rebuild_sparse_tensor", P.none),
      ]))
    #expect(
      tree.extras == [
        SourceExtra(path: ["epoch"], value: .integer(3)), SourceExtra(path: ["lr"], value: .number(1.5)),
        SourceExtra(path: ["arch"], value: .text("resnet50")),
        SourceExtra(path: ["flag"], value: .bool(false)),
        SourceExtra(path: ["nothing"], value: .none),
        SourceExtra(path: ["seed"], value: .bigInteger("18446744073709551616")),
        SourceExtra(path: ["blob"], value: .bytes(2)), SourceExtra(path: ["encoded"], value: .bytes(2)),
        SourceExtra(path: ["dtype"], value: .text("torch.float16")),
        SourceExtra(path: ["class"], value: .object(className: "m.C")),
        SourceExtra(path: ["empty"], value: .empty),
        SourceExtra(path: ["args"], value: .object(className: "argparse.Namespace")),
        SourceExtra(path: ["args", "wd"], value: .integer(0)),
        SourceExtra(path: ["best"], value: .object(className: "numpy.core.multiarray.scalar")),
        SourceExtra(path: ["storage"], value: .object(className: "torch.storage")),
        SourceExtra(path: ["sparse"], value: .unreadableTensor(reason: "a sparse tensor")),
      ])
  }

  @Test func countsExtrasBeyondTheLimit() throws {
    let numbers = Array(repeating: P.int(1), count: PickleLimits.extraCount + 5).flatMap { $0 }
    let tree = try tree(
      P.list(P.emptyList + P.mark + numbers + [0x65], P.four, P.call("torch._utils", "_rebuild_qtensor")))
    #expect(tree.extras.count == PickleLimits.extraCount + 1)
    #expect(tree.extras.last?.path == ["2"])
    #expect(tree.entries.map(\.path) == [["1"]])
    #expect(tree.notes == ["5 more values beside the tensors are not listed"])
  }

  @Test func refusesTwoTensorsOfOneName() {
    #expect(
      throws: SourceError(
        .malformed, "two tensors have the name sd/1: different keys with the same text",
        hint: "rename one of the keys and save the file again")
    ) {
      try tree(P.dictionary(["sd": P.dictionary((P.int(1), P.four), (P.text("1"), P.four))]))
    }
  }

  @Test func notesWhatHoldsItself() throws {
    let tree = try tree(P.dictionary(["l": P.emptyList + P.put(3) + P.get(3) + [0x61] + P.four + [0x61]]))
    #expect(tree.entries.map(\.path) == [["l", "1"]])
    #expect(tree.notes == ["l/0 holds itself and is not followed"])
  }
}
