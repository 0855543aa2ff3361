import Checkpoint
import SourceFormats

/// Changes to elements that lie in a buffer, little-endian unless told otherwise.
enum ElementBytes {
  /// Reverses the order of the bytes of every unit.
  static func reverse(_ buffer: inout [UInt8], unit: Int) {
    guard unit > 1 else { return }
    var start = 0
    while start + unit <= buffer.count {
      var low = start
      var high = start + unit - 1
      while low < high {
        buffer.swapAt(low, high)
        low += 1
        high -= 1
      }
      start += unit
    }
  }

  /// Carries out PyTorch's lazy conjugation and negation: changes of sign bits.
  static func apply(
    _ conversion: SourceTensor.ElementConversion, to buffer: inout [UInt8], elementType: ElementType
  ) {
    guard !conversion.isEmpty, !buffer.isEmpty else { return }
    let isComplex = elementType == .complex64
    let isFloat = isComplex || elementType.isConvertibleFloat
    let unit = elementType.byteOrderUnit
    if conversion.contains(.negate) {
      for start in stride(from: 0, to: buffer.count - unit + 1, by: unit) {
        if isFloat { buffer[start + unit - 1] ^= 0x80 } else { negateInteger(&buffer, start, unit) }
      }
    }
    if conversion.contains(.conjugate), isComplex {
      // The imaginary part is the second of the two numbers.
      for start in stride(from: 2 * unit - 1, to: buffer.count, by: 2 * unit) { buffer[start] ^= 0x80 }
    }
  }

  /// Two's complement: invert all bits and add one.
  private static func negateInteger(_ buffer: inout [UInt8], _ start: Int, _ unit: Int) {
    var carry: UInt16 = 1
    for index in start..<start + unit {
      let sum = UInt16(~buffer[index]) + carry
      buffer[index] = UInt8(truncatingIfNeeded: sum)
      carry = sum >> 8
    }
  }

  /// Elements of one floating-point type as another; rounds to nearest, ties to even.
  ///
  /// Double precision becomes half precision by way of single precision, as in PyTorch
  /// (`c10/util/Half.h`, the constructor takes a `float`).
  static func convert(_ buffer: [UInt8], from source: ElementType, to target: ElementType) -> [UInt8] {
    guard let width = source.byteCount, let newWidth = target.byteCount else { return buffer }
    var output: [UInt8] = []
    output.reserveCapacity(buffer.count / width * newWidth)
    for start in stride(from: 0, to: buffer.count - width + 1, by: width) {
      if source == .float64, target == .float64 {
        output += buffer[start..<start + width]
        continue
      }
      let value = float(buffer, start, source)
      switch target {
      case .float16: append(HalfPrecision.half(value), to: &output)
      case .bfloat16: append(HalfPrecision.bfloat16(value), to: &output)
      case .float64: append(Double(value).bitPattern, to: &output)
      default: append(value.bitPattern, to: &output)
      }
    }
    return output
  }

  private static func float(_ buffer: [UInt8], _ start: Int, _ type: ElementType) -> Float {
    switch type {
    case .float16: HalfPrecision.widened(load(buffer, start, UInt16.self))
    case .bfloat16: Float(bitPattern: UInt32(load(buffer, start, UInt16.self)) << 16)
    case .float64: Float(Double(bitPattern: load(buffer, start, UInt64.self)))
    default: Float(bitPattern: load(buffer, start, UInt32.self))
    }
  }

  private static func load<Value: FixedWidthInteger>(_ buffer: [UInt8], _ start: Int, _ type: Value.Type)
    -> Value
  {
    var value: Value = 0
    for index in (0..<MemoryLayout<Value>.size).reversed() {
      value = value << 8 | Value(truncatingIfNeeded: buffer[start + index])
    }
    return value
  }

  private static func append<Value: FixedWidthInteger>(_ value: Value, to output: inout [UInt8]) {
    for shift in 0..<MemoryLayout<Value>.size {
      output.append(UInt8(truncatingIfNeeded: value >> Value(8 * shift)))
    }
  }
}
