import JSON

/// What a safetensors header says of one tensor.
public struct TensorRecord: Hashable, Sendable {
  /// The name.
  public let name: String

  /// The type of one element.
  public let elementType: ElementType

  /// The shape, outermost dimension first; empty for a scalar.
  public let shape: [Int]

  /// The first byte, relative to the start of the data.
  public let begin: UInt64

  /// The byte after the last one, relative to the start of the data.
  public let end: UInt64

  /// Creates a record; `begin` and the element type and shape give its end.
  public init(name: String, elementType: ElementType, shape: [Int], begin: UInt64, byteCount: Int) {
    self.name = name
    self.elementType = elementType
    self.shape = shape
    self.begin = begin
    end = begin + UInt64(byteCount)
  }

  /// The number of bytes.
  public var byteCount: Int { Int(end - begin) }

  init(name: String, json: JSONValue) throws(CheckpointError) {
    func fault(_ message: String) -> CheckpointError {
      CheckpointError(.malformed, "tensor \"\(name)\": \(message)", offset: 8)
    }
    guard let members = json.objectValue else { throw fault("the entry is \(json.kind), expected an object") }
    for member in members where !["dtype", "shape", "data_offsets"].contains(member.name) {
      throw fault("unknown field \"\(member.name)\"")
    }
    func field(_ name: String) throws(CheckpointError) -> JSONValue {
      guard let value = json[name] else { throw fault("the field \"\(name)\" is missing") }
      return value
    }
    let type = try field("dtype")
    guard let type = type.stringValue else { throw fault("\"dtype\" is \(type.kind), expected a string") }
    guard let elementType = ElementType(rawValue: type) else { throw fault("unknown dtype \"\(type)\"") }
    let dimensions = try field("shape")
    guard let dimensions = dimensions.arrayValue else {
      throw fault("\"shape\" is \(dimensions.kind), expected an array")
    }
    guard dimensions.count <= SafetensorsHeader.maximumRank else {
      throw fault("\(dimensions.count) dimensions, at most \(SafetensorsHeader.maximumRank) are allowed")
    }
    var shape: [Int] = []
    for dimension in dimensions {
      guard let size = dimension.integerValue, 0..<SafetensorsHeader.dimensionLimit ~= size else {
        throw fault("a dimension is not an integer from 0 to 2^48 - 1")
      }
      shape.append(size)
    }
    guard let offsets = try field("data_offsets").arrayValue, offsets.count == 2,
      let begin = offsets[0].integerValue, let end = offsets[1].integerValue, 0 <= begin, begin <= end
    else { throw fault("\"data_offsets\" are not two integers in ascending order") }
    guard let expected = elementType.byteCount(shape: shape) else {
      throw fault("the size of shape \(shape) overflows or is no whole number of bytes")
    }
    guard end - begin == expected else {
      throw fault("\(type) of shape \(shape) takes \(expected) bytes, the data offsets span \(end - begin)")
    }
    self.init(
      name: name, elementType: elementType, shape: shape, begin: UInt64(begin), byteCount: expected)
  }
}
