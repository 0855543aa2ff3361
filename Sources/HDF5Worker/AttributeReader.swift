import CHDF5
import SourceFormats

/// Reads the attributes of an object that hold texts, of fixed or variable length.
struct AttributeReader {
  private let library: Library

  init(_ library: Library) { self.library = library }

  private struct Names {
    var found: [String] = []
    var refusal: Refusal?
    var room: Int
  }

  /// The names of an object's attributes.
  func names(of object: hid_t, _ path: String, room: Int) throws(Refusal) -> [String] {
    let names = Box(Names(room: room))
    let status = unsafe library.functions.iterateAttributes(
      object, H5_INDEX_NAME, H5_ITER_INC, nil,
      { _, name, _, context in
        guard let box = unsafe Box<Names>.from(context), let name = unsafe name else { return -1 }
        guard box.value.found.count < box.value.room else {
          box.value.refusal = Refusal(.limitExceeded, "more than \(HDF5Limits.attributeCount) attributes")
          return -1
        }
        guard let text = unsafe String(validatingCString: name) else {
          box.value.refusal = Refusal(.malformed, "the name of an attribute is not UTF-8")
          return -1
        }
        box.value.found.append(text)
        return 0
      }, unsafe names.pointer)
    if let refusal = names.value.refusal { throw refusal }
    guard status >= 0 else {
      throw Refusal(.malformed, "the attributes of \"\(path)\" cannot be read: \(library.reason)")
    }
    return names.value.found
  }

  /// The texts of an attribute: none for an empty one of any type, `nil` where it holds something else.
  func texts(of object: hid_t, _ name: String, _ path: String, room: Int) throws(Refusal) -> [String]? {
    func failure(_ what: String) -> Refusal {
      Refusal(.malformed, "the attribute \"\(name)\" of \"\(path)\" \(what): \(library.reason)")
    }
    let attribute = unsafe library.functions.openAttribute(object, name, 0)
    guard attribute >= 0 else { throw failure("cannot be opened") }
    defer { _ = library.functions.closeAttribute(attribute) }
    let type = library.functions.attributeType(attribute)
    let space = library.functions.attributeSpace(attribute)
    guard type >= 0, space >= 0 else { throw failure("has no type or no shape") }
    defer {
      _ = library.functions.closeType(type)
      _ = library.functions.closeSpace(space)
    }
    guard let shape = Shape(library, space), let count = shape.elementCount else {
      throw failure("has no shape that can be read")
    }
    // Keras gives a layer without weights an empty list, which NumPy makes an array of doubles.
    if count == 0 { return [] }
    guard library.functions.typeClass(type) == H5T_STRING else { return nil }
    let width = library.functions.typeSize(type)
    let byteCount = UInt64(width).multipliedReportingOverflow(by: count)
    guard width > 0, !byteCount.overflow, byteCount.partialValue <= UInt64(room) else {
      throw Refusal(
        .limitExceeded,
        "the attribute \"\(name)\" of \"\(path)\" has \(count) texts of \(width) bytes; at most \(room) bytes are left"
      )
    }
    if library.functions.isVariableText(type) > 0 {
      return try variableTexts(attribute, type, Int(count), room: room, failure)
    }
    var bytes = [UInt8](repeating: 0, count: Int(byteCount.partialValue))
    guard
      unsafe bytes.withUnsafeMutableBytes({
        unsafe library.functions.readAttribute(attribute, type, $0.baseAddress)
      }) >= 0
    else { throw failure("cannot be read") }
    let isSpacePadded = library.functions.textPadding(type) == H5T_STR_SPACEPAD
    return try decoded(
      stride(from: 0, to: bytes.count, by: width).map { start in
        let text = bytes[start..<start + width].prefix { $0 != 0 }
        guard isSpacePadded else { return text }
        return text.prefix(text.count - text.reversed().prefix { $0 == 0x20 }.count)
      }, name, path)
  }

  private func variableTexts(
    _ attribute: hid_t, _ type: hid_t, _ count: Int, room: Int, _ failure: (String) -> Refusal
  ) throws(Refusal) -> [String] {
    var pointers = unsafe [UnsafeMutablePointer<CChar>?](repeating: nil, count: count)
    // The library's memory for the texts is left to the end of the process, which is near.
    let status = unsafe pointers.withUnsafeMutableBytes {
      unsafe library.functions.readAttribute(attribute, type, $0.baseAddress)
    }
    guard status >= 0 else { throw failure("cannot be read") }
    var texts: [String] = []
    for index in 0..<count {
      guard let pointer = unsafe pointers[index] else {
        texts.append("")
        continue
      }
      guard let text = unsafe String(validatingCString: pointer) else { throw failure("is not UTF-8") }
      texts.append(text)
    }
    return texts
  }

  private func decoded(
    _ texts: [ArraySlice<UInt8>], _ name: String, _ path: String
  ) throws(Refusal) -> [String] {
    var decoded: [String] = []
    for text in texts {
      guard let text = String(validating: text, as: UTF8.self) else {
        throw Refusal(.malformed, "the attribute \"\(name)\" of \"\(path)\" is not UTF-8")
      }
      decoded.append(text)
    }
    return decoded
  }
}
