import Checkpoint
import SourceFormats
import Testing

@testable import Conversion

@Suite struct TensorStreamTests {
  /// Elements 0, 1, 2, ... as 64-bit integers.
  private static func counting(_ count: Int) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(count * 8)
    for value in 0..<count {
      bytes.append(UInt8(truncatingIfNeeded: value))
      bytes.append(UInt8(truncatingIfNeeded: value >> 8))
      bytes.append(UInt8(truncatingIfNeeded: value >> 16))
      for _ in 0..<5 { bytes.append(0) }
    }
    return bytes
  }

  private func view(
    _ shape: [Int], _ strides: [Int], _ offset: Int = 0, _ type: ElementType = .int64
  ) -> SourceTensor {
    SourceTensor(
      path: ["weight"], elementType: type, shape: shape, strides: strides, storage: 0, storageOffset: offset)
  }

  @Test(
    arguments: [
      ("contiguous", [2, 3], [3, 1], 0, [0, 1, 2, 3, 4, 5]),
      ("with an offset", [2, 3], [3, 1], 4, [4, 5, 6, 7, 8, 9]),
      ("transposed", [3, 2], [1, 3], 0, [0, 3, 1, 4, 2, 5]),
      ("every other column", [2, 3], [6, 2], 1, [1, 3, 5, 7, 9, 11]),
      ("flipped", [6], [-1], 5, [5, 4, 3, 2, 1, 0]),
      ("flipped in the second dimension", [2, 3], [3, -1], 2, [2, 1, 0, 5, 4, 3]),
      ("flipped in both", [2, 3], [-3, -1], 5, [5, 4, 3, 2, 1, 0]),
      ("expanded", [2, 3], [0, 1], 2, [2, 3, 4, 2, 3, 4]),
      ("expanded in the last dimension", [2, 3], [1, 0], 0, [0, 0, 0, 1, 1, 1]),
      ("one element everywhere", [2, 2], [0, 0], 7, [7, 7, 7, 7]),
      ("overlapping", [3, 3], [1, 1], 0, [0, 1, 2, 1, 2, 3, 2, 3, 4]),
      ("strides of dimensions of one", [1, 3, 1], [99, 1, 99], 1, [1, 2, 3]),
      ("three dimensions permuted", [2, 2, 3], [1, 6, 2], 0, [0, 2, 4, 6, 8, 10, 1, 3, 5, 7, 9, 11]),
      ("a scalar", [], [], 11, [11]),
      ("empty", [2, 0, 3], [0, 3, 1], 0, []),
    ] as [(Comment, [Int], [Int], Int, [Int])])
  func `a view gives its elements in row-major order`(
    _ name: Comment, _ shape: [Int], _ strides: [Int], _ offset: Int, _ expected: [Int]
  ) throws {
    let source = try ByteSource(Self.counting(12))
    #expect(try source.read(view(shape, strides, offset)) == expected.flatMap(\.littleEndianBytes), name)
  }

  /// 1,200 x 1,200 elements are 11.5 MB: more than one piece and more than one window of gathering.
  @Test(
    arguments: [
      ("transposed", [1, 1200], 0),
      ("columns flipped", [1200, -1], 1199),
      ("rows flipped", [-1200, 1], 1200 * 1199),
    ] as [(Comment, [Int], Int)])
  func `large views are gathered across pieces and windows`(
    _ name: Comment, _ strides: [Int], _ offset: Int
  ) throws {
    let side = 1200
    let source = try ByteSource(Self.counting(side * side))
    let bytes = try source.read(view([side, side], strides, offset))
    #expect(bytes.count == side * side * 8)
    // Every 41st element, and those around the border of the pieces of 8 MiB.
    let samples = Array(stride(from: 0, to: side * side, by: 41)) + Array((1 << 20) - 3..<(1 << 20) + 3)
    let wrong = samples.filter { index in
      let expected = offset + index / side * strides[0] + index % side * strides[1]
      return bytes[index * 8..<index * 8 + 8] != expected.littleEndianBytes[...]
    }
    #expect(wrong == [], name)
  }

  @Test func `a large tensor is read straight through`() throws {
    let bytes = [UInt8](repeating: 7, count: 3_000_001) + [8]
    let source = try ByteSource(bytes)
    #expect(try source.read(view([3_000_002], [1], 0, .uint8)) == bytes)
  }

  @Test func `elements that are stored most significant byte first are turned around`() throws {
    let source = try ByteSource([0x3F, 0x80, 0, 0, 0xC0, 0, 0, 0]) { $0.isBigEndian = true }
    let expected: [Float] = [1, -2]
    #expect(
      try source.read(view([2], [1], 0, .float32)) == expected.flatMap(\.bitPattern.littleEndianBytes))
    #expect(
      try source.read(view([2], [-1], 1, .float32))
        == expected.reversed().flatMap(\.bitPattern.littleEndianBytes))
    #expect(
      try source.read(view([1], [1], 0, .complex64)) == expected.flatMap(\.bitPattern.littleEndianBytes))
    #expect(try source.read(view([2], [1], 0, .float32), as: .bfloat16) == [0x80, 0x3F, 0, 0xC0])
  }

  @Test func `lazy conjugation and negation are carried out`() throws {
    let numbers: [Float] = [1, 2, 3, 4]
    let source = try ByteSource(numbers.flatMap(\.bitPattern.littleEndianBytes))
    var tensor = view([2], [1], 0, .complex64)
    tensor.conversion = .conjugate
    #expect(
      try source.read(tensor) == [1, -2, 3, -4].map { Float($0) }.flatMap(\.bitPattern.littleEndianBytes))
    tensor = view([2], [2], 1, .float32)
    tensor.conversion = .negate
    #expect(try source.read(tensor) == [-2, -4].map { Float($0) }.flatMap(\.bitPattern.littleEndianBytes))
  }

  @Test func `elements are converted on the way`() throws {
    let numbers: [Float] = [1, -2, 65504, 1e-8]
    let source = try ByteSource(numbers.flatMap(\.bitPattern.littleEndianBytes))
    let tensor = view([2, 2], [1, 2], 0, .float32)
    #expect(try source.read(tensor, as: .float16) == [0, 0x3C, 0xFF, 0x7B, 0, 0xC0, 0, 0])
    #expect(try source.read(tensor, as: .bfloat16) == [0x80, 0x3F, 0x80, 0x47, 0, 0xC0, 0x2C, 0x32])
  }

  @Test(
    arguments: [
      (.int64, .float32), (.float32, .int64), (.bool, .float16), (.complex64, .float32), (.float4, .float4),
      (.float8E4M3, .float32),
    ] as [(ElementType, ElementType)])
  func `types that cannot be converted are refused`(_ source: ElementType, _ target: ElementType) throws {
    let bytes = try ByteSource([UInt8](repeating: 0, count: 8))
    #expect(
      throws: ConversionError(
        .unsupportedElementType, "tensor \"weight\" of \(source.rawValue) cannot become \(target.rawValue)")
    ) { try bytes.read(view([1], [1], 0, source), as: target) }
  }
}
