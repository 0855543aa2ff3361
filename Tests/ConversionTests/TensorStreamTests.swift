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

  /// 850 x 850 elements are 5.8 MB: more than one piece and more than one window of gathering.
  @Test(
    arguments: [
      ("transposed", [1, 850], 0),
      ("columns flipped", [850, -1], 849),
      ("rows flipped", [-850, 1], 850 * 849),
    ] as [(Comment, [Int], Int)])
  func `large views are gathered across pieces and windows`(
    _ name: Comment, _ strides: [Int], _ offset: Int
  ) throws {
    let side = 850
    let source = try ByteSource(Self.counting(side * side))
    let bytes = try source.read(view([side, side], strides, offset))
    #expect(bytes.count == side * side * 8)
    // Every 41st element, and those around the border of the pieces of 4 MiB.
    let samples = Array(stride(from: 0, to: side * side, by: 41)) + Array((1 << 19) - 3..<(1 << 19) + 3)
    let wrong = samples.filter { index in
      let expected = offset + index / side * strides[0] + index % side * strides[1]
      return bytes[index * 8..<index * 8 + 8] != expected.littleEndianBytes[...]
    }
    #expect(wrong == [], name)
  }

  /// The sides of kernels, and of boxes that are no multiple of a tile, in every order of dimensions.
  @Test(arguments: [[3, 3, 5, 17], [1, 1, 40, 33], [7, 7, 3, 9], [2, 19, 1, 1]])
  func `every permutation and flip of dimensions is gathered`(_ stored: [Int]) throws {
    let count = stored.reduce(1, *)
    let strides = SourceTensor.contiguousStrides(stored)
    for width in [1, 2, 4, 8] {
      let type: ElementType = [1: .uint8, 2: .int16, 4: .int32, 8: .int64][width] ?? .uint8
      let bytes = (0..<count).flatMap { value in
        (0..<width).map { UInt8(truncatingIfNeeded: value >> ($0 * 8)) }
      }
      let source = try ByteSource(bytes)
      for order in [[3, 2, 0, 1], [0, 1, 3, 2], [1, 3, 0, 2], [2, 3, 0, 1], [3, 2, 1, 0]] {
        for isFlipped in [false, true] {
          let shape = order.map { stored[$0] }
          var view = view(shape, order.map { strides[$0] }, 0, type)
          if isFlipped {
            view.storageOffset = (shape[1] - 1) * view.strides[1]
            view.strides[1] *= -1
          }
          var expected: [UInt8] = []
          for a in 0..<shape[0] {
            for b in 0..<shape[1] {
              for c in 0..<shape[2] {
                for d in 0..<shape[3] {
                  let offset = zip([a, b, c, d], view.strides).reduce(view.storageOffset) { $0 + $1.0 * $1.1 }
                  expected += bytes[offset * width..<(offset + 1) * width]
                }
              }
            }
          }
          #expect(try source.read(view) == expected, "\(order) of \(stored), \(width) bytes")
        }
      }
    }
  }

  /// A transposed matrix of which not even one row of the storage fits the window, in elements of one byte.
  @Test func `a view is gathered by runs where its storage is far larger than the window`() throws {
    let (rows, columns) = (3, 2_500_000)
    var bytes = [UInt8](repeating: 0, count: rows * columns)
    for index in stride(from: 0, to: bytes.count, by: 97) {
      bytes[index] = UInt8(truncatingIfNeeded: index >> 7)
    }
    let found = try ByteSource(bytes).read(view([columns, rows], [1, columns], 0, .uint8))
    let wrong = bytes.indices.first { bytes[$0] != found[$0 % columns * rows + $0 / columns] }
    #expect(wrong == nil)
    let flipped = try ByteSource(bytes).read(view([columns, rows], [-1, columns], columns - 1, .uint8))
    let wrongFlipped = bytes.indices.first {
      bytes[$0] != flipped[(columns - 1 - $0 % columns) * rows + $0 / columns]
    }
    #expect(wrongFlipped == nil)
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
