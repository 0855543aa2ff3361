import Checkpoint
import Testing

@testable import SourceFormats

private typealias P = PickleBytes

/// Tensors of pickles: what the rebuild functions give, and which views are refused.
@Suite struct TorchRebuildTests {
  private func run(_ value: [UInt8]) throws -> (PickleGraph, PickleHandle) {
    var machine = PickleMachine(
      P.file(value), place: PickleMachine.Place(file: "x.pth", record: nil, baseOffset: 0),
      persistentIdentifiers: .zip)
    let root = try machine.run()
    return (machine.graph, root)
  }

  private func tensor(_ value: [UInt8]) throws -> TorchTensor? {
    let (graph, root) = try run(value)
    if case .tensor(let index) = graph[root] { return graph.tensors[index] }
    return nil
  }

  private static let six = P.storage(count: 6)
  private static let noHooks = P.call("collections", "OrderedDict")
  private static let bytes12 = P.storage(count: 12, class: "UntypedStorage", module: "torch.storage")

  private static func rebuild(_ name: String, _ arguments: [UInt8]...) -> [UInt8] {
    P.global("torch._utils", name) + P.tuple(arguments) + P.reduce
  }

  private static func version3(_ dtype: String, _ storage: [UInt8] = bytes12, count: Int = 6) -> [UInt8] {
    rebuild(
      "_rebuild_tensor_v3", storage, P.int(0), P.tuple(P.int(count)), P.tuple(P.int(1)), P.bool(false),
      noHooks,
      P.global("torch", dtype))
  }

  private static func expected(
    _ type: ElementType, _ scalarType: TorchScalarType, _ shape: [Int], _ strides: [Int], offset: Int = 0,
    conversion: SourceTensor.ElementConversion = []
  ) -> TorchTensor {
    TorchTensor(
      elementType: type, scalarType: scalarType, shape: shape, strides: strides, storage: 0,
      storageOffset: offset, conversion: conversion)
  }

  static let tensors: [([UInt8], TorchTensor)] = [
    (P.four, expected(.float32, .float32, [4], [1])),
    (
      P.tensor(six, offset: 1, shape: [2, 2], strides: [1, 3]),
      expected(.float32, .float32, [2, 2], [1, 3], offset: 1)
    ),
    // Overlapping, expanded, 0-dimensional and empty views.
    (P.tensor(six, shape: [5, 2], strides: [1, 1]), expected(.float32, .float32, [5, 2], [1, 1])),
    (
      P.tensor(six, offset: 5, shape: [1000], strides: [0]),
      expected(.float32, .float32, [1000], [0], offset: 5)
    ),
    (P.tensor(six, offset: 5, shape: [], strides: []), expected(.float32, .float32, [], [], offset: 5)),
    (
      P.tensor(P.storage(count: 0), shape: [0, 3], strides: [3, 1]),
      expected(.float32, .float32, [0, 3], [3, 1])
    ),
    (P.tensor(six, offset: 99, shape: [0], strides: [1]), expected(.float32, .float32, [0], [1])),
    (
      P.tensor(six, shape: [1, 6], strides: [1 << 62, 1]),
      expected(.float32, .float32, [1, 6], [1 << 62, 1])
    ),
    (
      rebuild("_rebuild_tensor", six, P.int(2), P.tuple(P.int(4)), P.tuple(P.int(1))),
      expected(.float32, .float32, [4], [1], offset: 2)
    ),
    (version3("uint16"), expected(.uint16, .uint16, [6], [1])),
    (version3("float8_e4m3fn"), expected(.float8E4M3, .float8E4M3FN, [6], [1])),
    (version3("float32", six), expected(.float32, .float32, [6], [1])),
    (P.tensor(bytes12, shape: [12], strides: [1]), expected(.uint8, .uint8, [12], [1])),
    (
      P.tensor(P.storage(count: 4, class: "HalfStorage", module: "torch.cuda"), shape: [4], strides: [1]),
      expected(.float16, .float16, [4], [1])
    ),
    (
      P.tensor(
        P.storage(count: 4, class: "ComplexFloatStorage"), shape: [4], strides: [1],
        metadata: P.dictionary(["conj": P.bool(true), "neg": P.bool(false)])),
      expected(.complex64, .complex64, [4], [1], conversion: .conjugate)
    ),
    (
      P.tensor(six, shape: [3], strides: [2], metadata: P.dictionary(["neg": P.bool(true)])),
      expected(.float32, .float32, [3], [2], conversion: .negate)
    ),
    (P.tensor(six, shape: [6], strides: [1], metadata: P.none), expected(.float32, .float32, [6], [1])),
    (rebuild("_rebuild_parameter", P.four, P.bool(true), noHooks), expected(.float32, .float32, [4], [1])),
    (
      rebuild("_rebuild_parameter_with_state", P.four, P.bool(true), noHooks, P.emptyDictionary),
      expected(.float32, .float32, [4], [1])
    ),
    // PyTorch 0.3: a parameter around a tensor, with a state.
    (
      P.call("torch.nn.parameter", "Parameter", P.four) + P.tuple(P.bool(true), P.bool(false), noHooks)
        + P.build,
      expected(.float32, .float32, [4], [1])
    ),
    (
      P.call(
        "torch._tensor", "_rebuild_from_type_v2", P.global("torch._utils", "_rebuild_tensor"),
        P.global("my", "Tensor"), P.tuple(six, P.int(0), P.tuple(P.int(6)), P.tuple(P.int(1))),
        P.emptyDictionary),
      expected(.float32, .float32, [6], [1])
    ),
    (
      rebuild(
        "_rebuild_device_tensor_from_cpu_tensor", P.four, P.global("torch", "float32"), P.text("xla:0"),
        P.bool(false)),
      expected(.float32, .float32, [4], [1])
    ),
  ]

  @Test(arguments: tensors.indices)
  func readsTensors(_ index: Int) throws {
    #expect(try tensor(Self.tensors[index].0) == Self.tensors[index].1)
  }

  static let unreadable: [([UInt8], String)] = [
    (
      P.tensor(P.storage(count: 2, class: "ComplexDoubleStorage"), shape: [2], strides: [1]),
      "a tensor of type torch.complex128, which safetensors cannot hold"
    ),
    (version3("bits8", count: 12), "a tensor of type torch.bits8, which safetensors cannot hold"),
    (
      P.tensor(P.storage(count: 2, class: "OddStorage"), shape: [2], strides: [1]),
      "a tensor over a storage of an unknown class"
    ),
    (
      P.tensor(P.call("torch.storage", "_load_from_bytes", [0x43, 0]), shape: [2], strides: [1]),
      "a tensor whose storage is an object of torch.storage._load_from_bytes"
    ),
    (rebuild("_rebuild_qtensor", six), "a quantized tensor"),
    (rebuild("_rebuild_sparse_tensor", P.none), "a sparse tensor"),
    (rebuild("_rebuild_nested_tensor"), "a nested tensor"),
    (rebuild("_rebuild_meta_tensor_no_storage"), "a meta tensor, which has no data"),
    (
      rebuild("_rebuild_device_tensor_from_numpy"), "a device tensor that was saved as a NumPy array"
    ),
    (
      rebuild("_rebuild_wrapper_subclass"),
      "a tensor of a wrapper subclass, which has no storage of its own"
    ),
    (rebuild("_rebuild_parameter", rebuild("_rebuild_qtensor"), P.bool(true), noHooks), "a quantized tensor"),
  ]

  @Test(arguments: unreadable.indices)
  func keepsTensorsWithoutDenseBytesAsNames(_ index: Int) throws {
    let (graph, root) = try run(Self.unreadable[index].0)
    guard case .unreadableTensor(let reason) = graph[root] else {
      Issue.record("expected an unreadable tensor, found \(graph.describe(root))")
      return
    }
    #expect(graph.unreadableReasons[reason] == Self.unreadable[index].1)
  }

  static let refusals: [([UInt8], SourceError.Code, String)] = [
    (
      rebuild("_rebuild_tensor_v2", six), .malformed,
      "torch._utils._rebuild_tensor_v2 takes 6 or 7 arguments, found 1"
    ),
    (
      rebuild("_rebuild_tensor", six, P.int(0), P.emptyTuple), .malformed,
      "torch._utils._rebuild_tensor takes 4 arguments, found 3"
    ),
    (
      P.tensor(P.int(5), shape: [1], strides: [1]), .malformed,
      "torch._utils._rebuild_tensor_v2: expected a storage as argument 1, found the integer 5"
    ),
    (
      rebuild("_rebuild_tensor", six, P.text("0"), P.emptyTuple, P.emptyTuple), .malformed,
      "torch._utils._rebuild_tensor: expected an offset as argument 2, found a string"
    ),
    (
      rebuild("_rebuild_tensor", six, P.int(0), P.tuple(P.none), P.emptyTuple), .malformed,
      "torch._utils._rebuild_tensor: expected a size of integers as argument 3, found a tuple of 1 with None in it"
    ),
    (
      rebuild("_rebuild_tensor", six, P.int(0), P.emptyTuple, P.none), .malformed,
      "torch._utils._rebuild_tensor: expected a stride of integers as argument 4, found None"
    ),
    (
      P.tensor(six, shape: [6], strides: [1], metadata: P.int(1)), .malformed,
      "torch._utils._rebuild_tensor_v2: expected a dict of metadata, found the integer 1"
    ),
    (
      rebuild("_rebuild_parameter", P.none, P.none, P.none), .malformed,
      "torch._utils._rebuild_parameter: expected a tensor as argument 1, found None"
    ),
    (
      rebuild("_rebuild_tensor_v3", six, P.int(0), P.emptyTuple, P.emptyTuple, P.none, P.none, P.none),
      .malformed, "torch._utils._rebuild_tensor_v3: expected a dtype as argument 7, found None"
    ),
    (
      version3("int32", six), .malformed, "a tensor of torch.int32 over a storage of torch.float32"
    ),
    (
      P.tensor(six, shape: [2, 3], strides: [1]), .malformed,
      "expected as many strides as dimensions, found 1 and 2"
    ),
    (
      P.tensor(six, shape: [-1], strides: [1]), .malformed,
      "found a negative number in size [-1], stride [1] or offset 0"
    ),
    (
      P.tensor(six, shape: [2], strides: [-1]), .malformed,
      "found a negative number in size [2], stride [-1] or offset 0"
    ),
    (
      P.tensor(six, offset: -1, shape: [2], strides: [1]), .malformed,
      "found a negative number in size [2], stride [1] or offset -1"
    ),
    (
      P.tensor(six, shape: [7], strides: [1]), .malformed,
      "size [7], stride [1] and offset 0 reach outside of the storage of 6 elements"
    ),
    (
      P.tensor(six, offset: 1, shape: [3, 2], strides: [2, 1]), .malformed,
      "size [3, 2], stride [2, 1] and offset 1 reach outside of the storage of 6 elements"
    ),
    (
      P.tensor(six, shape: [3, 3], strides: [1 << 62, 1 << 62]), .malformed,
      "size [3, 3], stride [4611686018427387904, 4611686018427387904] and offset 0 reach outside of the storage "
        + "of 6 elements"
    ),
    (
      version3("float64", count: 2), .malformed,
      "size [2], stride [1] and offset 0 reach outside of the storage of 1 elements"
    ),
    (
      P.tensor(six, shape: [1 << 40, 1 << 40], strides: [0, 0]), .limitExceeded,
      "the number of elements of size [1099511627776, 1099511627776] overflows"
    ),
    (
      P.tensor(six, shape: [0, 1 << 40, 1 << 40], strides: [0, 0, 0]), .limitExceeded,
      "the number of elements of size [0, 1099511627776, 1099511627776] overflows"
    ),
    (
      P.tensor(six, shape: [1 << 20, 1 << 20], strides: [0, 0]), .limitExceeded,
      "size [1048576, 1048576] with stride [0, 0] has 1099511627776 elements over a storage of 6; at most "
        + "268435456 repeated elements are read"
    ),
  ]

  @Test(arguments: refusals.indices)
  func refusesWhatIsNoViewOfItsStorage(_ index: Int) throws {
    let (value, code, message) = Self.refusals[index]
    // The call is the last opcode before STOP.
    let offset = UInt64(value.count + 1)
    #expect(
      throws: SourceError(code, "REDUCE at byte \(offset): \(message)", file: "x.pth", offset: offset)
    ) { try run(value) }
  }

  static let badIdentifiers: [([UInt8], String)] = [
    (
      P.tuple(P.text("module"), P.none, P.none, P.none),
      "expected a persistent id ('storage', ...) of 5 items, found 4 items that begin with \"module\""
    ),
    (
      P.tuple(P.text("storage"), P.none, P.text("0"), P.text("cpu"), P.int(1)),
      "expected a storage class, found None"
    ),
    (
      P.tuple(P.text("storage"), P.global("torch", "FloatStorage"), P.none, P.text("cpu"), P.int(1)),
      "expected a storage key, found None"
    ),
    (
      P.tuple(P.text("storage"), P.global("torch", "FloatStorage"), P.text("0"), P.text("cpu"), P.int(-1)),
      "expected a number of elements, found the integer -1"
    ),
    (
      P.tuple(
        P.text("storage"), P.global("torch", "LongStorage"), P.text("0"), P.text("cpu"), P.int(1 << 61)),
      "the storage 0 has 2305843009213693952 elements, too many to count"
    ),
    (
      six
        + P.tuple(P.text("storage"), P.global("torch", "FloatStorage"), P.text("0"), P.text("cpu"), P.int(7)),
      "the storage 0 has 28 bytes here and 24 where it is first named"
    ),
  ]

  @Test(arguments: badIdentifiers.indices)
  func refusesPersistentIdentifiersThatAreNoStorage(_ index: Int) throws {
    let (value, message) = Self.badIdentifiers[index]
    let offset = UInt64(value.count + 2)
    #expect(
      throws: SourceError(
        .malformed, "BINPERSID at byte \(offset): \(message)", file: "x.pth", offset: offset)
    ) { try run(value + [0x51]) }
  }

  @Test func acceptsTwoTypesOfOneStorageWhereTheyAgreeAboutItsSize() throws {
    let floats = P.tensor(Self.six, shape: [6], strides: [1])
    let integers = P.tensor(P.storage(count: 3, class: "LongStorage"), shape: [3], strides: [1])
    let (graph, _) = try run(P.tuple(floats, integers))
    #expect(graph.storages.count == 1)
    #expect(graph.tensors.map(\.elementType) == [ElementType.float32, .int64])
  }

  @Test func stopsAtNestedRebuilds() throws {
    var arguments = P.tuple(Self.six, P.int(0), P.tuple(P.int(6)), P.tuple(P.int(1)))
    var function = P.global("torch._utils", "_rebuild_tensor")
    for _ in 0..<20 {
      arguments = P.tuple(function, P.none, arguments, P.none)
      function = P.global("torch._tensor", "_rebuild_from_type_v2")
    }
    let error = #expect(throws: SourceError.self) { try run(function + arguments + P.reduce) }
    #expect(error?.code == .limitExceeded)
  }
}
