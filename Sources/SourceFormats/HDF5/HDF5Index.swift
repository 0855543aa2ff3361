import Checkpoint
public import JSON

/// What a worker process says about an HDF5 file: its objects, or why it cannot be read.
///
/// The text passes from the worker to the program, which trusts nothing in it.
public enum HDF5Index: Hashable, Sendable {
  case objects([HDF5Object])
  case failure(SourceError.Code, String)

  /// The text that the worker writes.
  public var json: JSONValue {
    switch self {
    case .failure(let code, let message): ["code": .string(code.rawValue), "message": .string(message)]
    case .objects(let objects): ["objects": .array(objects.map(\.json))]
    }
  }

  /// Reads what a worker wrote; `nil` where it is something else.
  init?(_ text: [UInt8]) {
    guard let json = try? JSONParser.parse(text) else { return nil }
    if let code = json["code"]?.stringValue.flatMap(SourceError.Code.init(rawValue:)),
      let message = json["message"]?.stringValue
    {
      self = .failure(code, message)
      return
    }
    guard let rows = json["objects"]?.arrayValue else { return nil }
    var objects: [HDF5Object] = []
    for row in rows {
      guard let object = HDF5Object(row) else { return nil }
      objects.append(object)
    }
    self = .objects(objects)
  }
}

extension HDF5Object {
  fileprivate var json: JSONValue {
    var members: [JSONValue.Member] = [.init("path", .string(path))]
    if !attributes.isEmpty {
      let sorted = attributes.sorted { $0.key < $1.key }
      members.append(
        .init(
          "attributes",
          .array(
            sorted.map { [.string($0.key), $0.value.map { .array($0.map(JSONValue.string)) } ?? .null] })))
    }
    switch kind {
    case .group: break
    case .other(let words): members.append(.init("other", .string(words)))
    case .dataset(let dataset): members += dataset.members
    }
    return .object(members)
  }

  fileprivate init?(_ json: JSONValue) {
    guard let path = json["path"]?.stringValue else { return nil }
    self.init(path: path, kind: .group)
    for pair in json["attributes"]?.arrayValue ?? [] {
      guard let pair = pair.arrayValue, pair.count == 2, let name = pair[0].stringValue else { return nil }
      let texts = pair[1].arrayValue?.compactMap(\.stringValue)
      guard texts?.count == pair[1].arrayValue?.count else { return nil }
      attributes.updateValue(texts, forKey: name)
    }
    if let words = json["other"]?.stringValue {
      kind = .other(words)
    } else if json["shape"] != nil {
      guard let dataset = Dataset(json) else { return nil }
      kind = .dataset(dataset)
    }
  }
}

extension HDF5Object.Dataset {
  fileprivate var members: [JSONValue.Member] {
    var members: [JSONValue.Member] = [
      .init("shape", .array(shape.map(JSONValue.integer))),
      .init("address", .integer(Int(clamping: address))),
    ]
    switch type {
    case .numbers(let type, let isBigEndian):
      members += [.init("type", .string(type.rawValue)), .init("bigEndian", .bool(isBigEndian))]
    case .twoBytes: members.append(.init("type", "V2"))
    case .other(let words): members.append(.init("typeWords", .string(words)))
    }
    switch layout {
    case .contiguous(let offset, let byteCount):
      members += [
        .init("offset", .integer(Int(clamping: offset))),
        .init("byteCount", .integer(Int(clamping: byteCount))),
      ]
    case .encoded(let filters, let byteCount):
      members += [
        .init("filters", .array(filters.map(JSONValue.integer))),
        .init("byteCount", .integer(Int(clamping: byteCount))),
      ]
    case .elsewhere(let words): members.append(.init("elsewhere", .string(words)))
    }
    return members
  }

  fileprivate init?(_ json: JSONValue) {
    func number(_ name: String) -> UInt64? { json[name]?.integerValue.flatMap(UInt64.init(exactly:)) }
    guard let sizes = json["shape"]?.arrayValue, let address = number("address") else { return nil }
    shape = sizes.compactMap(\.integerValue)
    self.address = address
    guard shape.count == sizes.count, shape.allSatisfy({ $0 >= 0 }) else { return nil }
    if let words = json["typeWords"]?.stringValue {
      type = .other(words)
    } else if json["type"]?.stringValue == "V2" {
      type = .twoBytes
    } else if let name = json["type"]?.stringValue, let element = ElementType(rawValue: name),
      element.byteCount != nil, let isBigEndian = json["bigEndian"]?.boolValue
    {
      type = .numbers(element, isBigEndian: isBigEndian)
    } else {
      return nil
    }
    if let words = json["elsewhere"]?.stringValue {
      layout = .elsewhere(words)
    } else if let byteCount = number("byteCount"), let offset = number("offset") {
      layout = .contiguous(offset: offset, byteCount: byteCount)
    } else if let byteCount = number("byteCount"), let filters = json["filters"]?.arrayValue {
      layout = .encoded(filters: filters.compactMap(\.integerValue), byteCount: byteCount)
    } else {
      return nil
    }
  }
}
