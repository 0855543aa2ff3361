public import Checkpoint
import JSON

/// The groups and datasets of an HDF5 file to be made.
///
/// Texts follow what h5py writes for Keras: of variable length, unless a list is split over several attributes.
public struct HDF5Tree: Hashable, Sendable {
  /// The objects, each after the group that holds it; the root group, whose path is empty, is the first.
  public var objects: [Object]

  /// Whether texts are marked as UTF-8, as in files of Keras 3, or as ASCII.
  public var isUnicode: Bool

  /// Creates a tree that has a root group and nothing else.
  public init(isUnicode: Bool) {
    objects = [Object(path: "")]
    self.isUnicode = isUnicode
  }

  /// A group or a dataset.
  public struct Object: Hashable, Sendable {
    /// The path from the root, without the first slash.
    public var path: String
    /// What it states, in the order of writing.
    public var attributes: [Attribute]
    /// The array, or `nil` for a group.
    public var dataset: Dataset?

    /// Creates an object.
    public init(path: String, attributes: [Attribute] = [], dataset: Dataset? = nil) {
      self.path = path
      self.attributes = attributes
      self.dataset = dataset
    }
  }

  /// An array in one piece of the file, little-endian.
  public struct Dataset: Hashable, Sendable {
    /// The type of one element: ``HDF5Tree/elementTypes`` lists those that can be written.
    public var elementType: ElementType
    /// The size of each dimension.
    public var shape: [Int]

    /// Creates an array.
    public init(elementType: ElementType, shape: [Int]) {
      self.elementType = elementType
      self.shape = shape
    }

    /// The number of bytes of all elements; `nil` where it overflows or has no whole number of bytes.
    public var byteCount: UInt64? {
      elementType.byteCount(shape: shape).map { UInt64($0) }
    }
  }

  /// A named value of an object.
  public struct Attribute: Hashable, Sendable {
    /// The name.
    public var name: String
    /// The value.
    public var value: Value

    /// Creates an attribute.
    public init(_ name: String, _ value: Value) {
      self.name = name
      self.value = value
    }
  }

  /// The value of an attribute.
  public enum Value: Hashable, Sendable {
    /// One text.
    case text(String)
    /// A list of texts; an empty one has elements of double precision, as NumPy makes it.
    case texts([String])
    /// A list of texts that all take the bytes of the longest.
    case paddedTexts([String])

    /// The texts.
    public var texts: [String] {
      switch self {
      case .text(let text): [text]
      case .texts(let texts), .paddedTexts(let texts): texts
      }
    }
  }

  /// The element types that a dataset may have. bfloat16, which HDF5 does not know, is stored as two opaque bytes
  /// (`keras/src/saving/saving_lib.py`, `H5Entry`).
  public static let elementTypes: [ElementType] = [.float16, .bfloat16, .float32, .float64]

  /// The number of bytes of all datasets; `nil` where it overflows.
  public var byteCount: UInt64? {
    objects.reduce(UInt64(0)) { sum, object in
      guard let sum, let dataset = object.dataset else { return sum }
      guard let count = dataset.byteCount else { return nil }
      let (total, overflow) = sum.addingReportingOverflow(count)
      return overflow ? nil : total
    }
  }
}

extension HDF5Tree {
  /// The text that goes to the worker.
  var json: JSONValue {
    [
      "isUnicode": .bool(isUnicode),
      "objects": .array(
        objects.map { object in
          var members: [JSONValue.Member] = [
            .init("path", .string(object.path)),
            .init(
              "attributes",
              .array(
                object.attributes.map {
                  [.string($0.name), .string($0.value.kind), .array($0.value.texts.map(JSONValue.string))]
                })),
          ]
          if let dataset = object.dataset {
            members += [
              .init("type", .string(dataset.elementType.rawValue)),
              .init("shape", .array(dataset.shape.map(JSONValue.integer))),
            ]
          }
          return .object(members)
        }),
    ]
  }

  /// Reads what the worker was sent; `nil` where it is something else.
  public init?(_ text: [UInt8]) {
    guard let json = try? JSONParser.parse(text), let isUnicode = json["isUnicode"]?.boolValue,
      let rows = json["objects"]?.arrayValue
    else { return nil }
    self.init(isUnicode: isUnicode)
    objects = []
    for row in rows {
      guard let object = Object(row) else { return nil }
      objects.append(object)
    }
  }
}

extension HDF5Tree.Object {
  fileprivate init?(_ json: JSONValue) {
    guard let path = json["path"]?.stringValue, let rows = json["attributes"]?.arrayValue else { return nil }
    self.init(path: path)
    for row in rows {
      guard let row = row.arrayValue, row.count == 3, let name = row[0].stringValue,
        let kind = row[1].stringValue, let values = row[2].arrayValue,
        let value = HDF5Tree.Value(kind, values.compactMap(\.stringValue))
      else { return nil }
      attributes.append(.init(name, value))
    }
    guard let type = json["type"]?.stringValue else { return }
    guard let type = ElementType(rawValue: type), HDF5Tree.elementTypes.contains(type),
      let shape = json["shape"]?.arrayValue
    else { return nil }
    dataset = .init(elementType: type, shape: shape.compactMap(\.integerValue))
    guard dataset?.byteCount != nil else { return nil }
  }
}

extension HDF5Tree.Value {
  fileprivate var kind: String {
    switch self {
    case .text: "text"
    case .texts: "texts"
    case .paddedTexts: "paddedTexts"
    }
  }

  fileprivate init?(_ kind: String, _ texts: [String]) {
    switch (kind, texts.count) {
    case ("text", 1): self = .text(texts[0])
    case ("texts", _): self = .texts(texts)
    case ("paddedTexts", 1...): self = .paddedTexts(texts)
    default: return nil
    }
  }
}
