import Checkpoint
import JSON
import Testing

@Suite struct SafetensorsLayoutTests {
  private typealias Tensor = (name: String, elementType: ElementType, shape: [Int])

  /// The order of `safetensors/src/tensor.rs` (`prepare`): widest type first, equal types by name.
  @Test func putsTheWidestTypesFirstAndSortsEqualTypesByName() throws {
    let tensors: [Tensor] =
      ElementType.allCases.map { ($0.rawValue, $0, [8]) } + [
        ("b", .float32, [1]), ("a.b", .float32, []), ("a", .float32, [0]), ("B", .float32, [2]),
      ]
    let expected = [
      "U64", "I64", "F64", "C64", "B", "F32", "a", "a.b", "b", "U32", "I32", "BF16", "F16", "U16", "I16",
      "F8_E5M2FNUZ", "F8_E4M3FNUZ", "F8_E8M0", "F8_E4M3", "F8_E5M2", "I8", "U8", "F6_E3M2", "F6_E2M3",
      "F4", "BOOL",
    ]
    #expect(try SafetensorsLayout(tensors).tensors.map(\.name) == expected)
    #expect(try SafetensorsLayout(tensors.reversed()).tensors.map(\.name) == expected)
  }

  @Test func putsTensorsOneAfterTheOther() throws {
    let layout = try SafetensorsLayout([
      ("a", .uint8, [3]), ("b", .float16, [0]), ("c", .float64, []), ("d", .float32, [2, 2]),
    ])
    #expect(layout.tensors.map(\.name) == ["c", "d", "b", "a"])
    #expect(layout.tensors.map(\.begin) == [0, 8, 24, 24])
    #expect(layout.tensors.map(\.end) == [8, 24, 24, 27])
  }

  @Test func writesTheHeaderWithoutSpaceAndPadsItTo64Bytes() throws {
    let layout = try SafetensorsLayout([("a\"b", .float32, [2, 3]), ("n", .int64, [])])
    let text =
      #"{"__metadata__":{"z":"1","a":"\"2\""},"n":{"dtype":"I64","shape":[],"data_offsets":[0,8]},"#
      + #""a\"b":{"dtype":"F32","shape":[2,3],"data_offsets":[8,32]}}"#
    let head = layout.head(metadata: [("z", "1"), ("a", "\"2\"")])
    #expect(head.count == 192)
    #expect(head.prefix(8) == [184, 0, 0, 0, 0, 0, 0, 0])
    #expect(
      String(decoding: head[8...], as: UTF8.self) == text
        + String(repeating: " ", count: 184 - text.utf8.count))
  }

  @Test func leavesOutMetadataThatAreEmpty() throws {
    let head = try SafetensorsLayout([]).head(metadata: [])
    #expect(head == [56, 0, 0, 0, 0, 0, 0, 0] + Array("{}".utf8) + Array(repeating: 0x20, count: 54))
  }

  @Test(arguments: 0..<130)
  func beginsTheDataAtAMultipleOf64Bytes(_ count: Int) throws {
    let name = String(repeating: "n", count: count)
    let head = try SafetensorsLayout([(name, .uint8, [1])]).head(metadata: [])
    #expect(head.count.isMultiple(of: SafetensorsLayout.dataAlignment))
    let header = try SafetensorsHeader(parsing: Array(head[8...]), fileSize: UInt64(head.count + 1))
    #expect(header.dataOffset == UInt64(head.count))
  }

  @Test func givesAHeadOfOneLengthWhateverTheDigests() throws {
    let layout = try SafetensorsLayout([("a", .float32, [2]), ("b", .float32, [2])])
    let heads = ["0", "9", "f"].map { digit in
      let digest = String(repeating: digit, count: 64)
      let metadata = CheckpointMetadata(
        architecture: ["family": "resnet"], source: [:], digests: ["b": digest, "a": digest], content: digest)
      return layout.head(metadata: metadata.members)
    }
    #expect(Set(heads.map(\.count)).count == 1)
    #expect(Set(heads).count == 3)
  }

  /// Any set of types and shapes up to four dimensions, from a fixed sequence of numbers.
  @Test(arguments: 1...40)
  func writesWhatTheReaderReads(_ seed: UInt64) throws {
    var state = seed
    func next(_ bound: Int) -> Int {
      // Knuth's MMIX generator; the high bits are the random ones.
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int(state >> 33) % bound
    }
    let tensors: [Tensor] = (0..<next(8)).map { index in
      let shape = (0..<next(4)).map { _ in next(4) } + [8]
      return ("tensor.\(next(100)).\(index)", ElementType.allCases[next(22)], shape)
    }
    let metadata = (0..<next(3)).map { (name: "key \($0)", value: "\"\\\n\u{1F600}") }
    let layout = try SafetensorsLayout(tensors)
    let head = layout.head(metadata: metadata)
    let header = try SafetensorsHeader(
      parsing: Array(head[8...]), fileSize: UInt64(head.count) + (layout.tensors.last?.end ?? 0))
    #expect(header.tensors.map(\.byteCount).reduce(0, +) == layout.tensors.map(\.byteCount).reduce(0, +))
    #expect(Set(header.tensors) == Set(layout.tensors))
    #expect(header.metadata.map(\.name) == metadata.map(\.name))
    #expect(header.metadata.map(\.value) == metadata.map(\.value))
  }

  @Test func refusesWhatNoReaderWouldAccept() {
    func check(_ message: String, _ tensors: Tensor...) {
      #expect(throws: CheckpointError(.malformed, message)) { try SafetensorsLayout(tensors) }
    }
    let huge = 1 << 59
    check("the name \"a\" cannot be that of one more tensor", ("a", .uint8, [1]), ("a", .float32, [1]))
    check("the name \"__metadata__\" cannot be that of one more tensor", ("__metadata__", .uint8, [1]))
    check("the size of tensor \"a\" [3] overflows", ("a", .float4, [3]))
    check("the size of tensor \"a\" [-1] overflows", ("a", .uint8, [-1]))
    check("the size of tensor \"a\" [\(huge), 2] overflows", ("a", .uint64, [huge, 2]))
    check(
      "the size of tensor \"p\" [\(huge)] overflows",
      ("a", .uint8, [huge]), ("b", .uint8, [huge]), ("c", .uint8, [huge]), ("d", .uint8, [huge]),
      ("e", .uint8, [huge]), ("f", .uint8, [huge]), ("g", .uint8, [huge]), ("h", .uint8, [huge]),
      ("i", .uint8, [huge]), ("j", .uint8, [huge]), ("k", .uint8, [huge]), ("l", .uint8, [huge]),
      ("m", .uint8, [huge]), ("n", .uint8, [huge]), ("o", .uint8, [huge]), ("p", .uint8, [huge]))
  }
}
