import CHDF5
import Checkpoint
import SourceFormats

/// Makes the groups, attributes and datasets of a new file. No element is written: the room for each dataset is kept in
/// one piece, for the parent to fill.
struct TreeWriter {
  private let library: Library
  private let file: hid_t
  private let isUnicode: Bool

  /// Makes the objects of a tree in a file that has a root group only, and completes the file.
  static func write(_ tree: HDF5Tree, to file: hid_t, _ library: Library) throws(Refusal) {
    let writer = TreeWriter(library: library, file: file, isUnicode: tree.isUnicode)
    for object in tree.objects { try writer.add(object) }
    guard library.functions.closeFile(file) >= 0 else { throw writer.failure("the file", "be completed") }
  }

  private func add(_ object: HDF5Tree.Object) throws(Refusal) {
    let functions = library.functions
    let handle: hid_t
    if let dataset = object.dataset {
      handle = try create(dataset, object.path)
    } else if object.path.isEmpty {
      handle = unsafe functions.openObject(file, "/", 0)
    } else {
      handle = unsafe functions.createGroup(file, object.path, 0, 0, 0)
    }
    guard handle >= 0 else { throw failure("\"\(object.path)\"", "be made") }
    defer { _ = functions.closeObject(handle) }
    for attribute in object.attributes {
      try add(attribute, to: handle, "the attribute \"\(attribute.name)\" of \"\(object.path)\"")
    }
  }

  private func create(_ dataset: HDF5Tree.Dataset, _ path: String) throws(Refusal) -> hid_t {
    let functions = library.functions
    let type = type(of: dataset.elementType)
    let space = unsafe functions.createSpace(CInt(dataset.shape.count), dataset.shape.map(hsize_t.init), nil)
    let properties = functions.createProperties(functions.datasetCreation)
    guard type >= 0, space >= 0, properties >= 0,
      functions.setLayout(properties, H5D_CONTIGUOUS) >= 0,
      // The room is kept at once and holds nothing until the parent fills it.
      functions.setAllocationTime(properties, H5D_ALLOC_TIME_EARLY) >= 0,
      functions.setFillTime(properties, H5D_FILL_TIME_NEVER) >= 0,
      // The same input gives the same bytes whenever it is written.
      functions.setTimes(properties, false) >= 0
    else { throw failure("\"\(path)\"", "be described") }
    defer {
      _ = functions.closeType(type)
      _ = functions.closeSpace(space)
      _ = functions.closeProperties(properties)
    }
    return unsafe functions.createDataset(file, path, type, space, 0, properties, 0)
  }

  /// A new type for elements; negative where the library cannot make it.
  private func type(of elementType: ElementType) -> hid_t {
    let functions = library.functions
    switch elementType {
    case .float32: return functions.copyType(functions.float32)
    case .float64: return functions.copyType(functions.float64)
    case .float16:
      // IEEE 754 binary16, as h5py makes it (`h5py/_hl/base.py`, `h5py/h5t.pyx`: IEEE_F16LE).
      let type = functions.copyType(functions.float32)
      guard functions.setFloatFields(type, 15, 10, 5, 0, 10) >= 0, functions.setTypeSize(type, 2) >= 0,
        functions.setExponentBias(type, 15) >= 0
      else { return -1 }
      return type
    case .bfloat16:
      let type = functions.createType(H5T_OPAQUE, 2)
      return unsafe functions.setTag(type, "") >= 0 ? type : -1
    default: return -1
    }
  }

  private func add(_ attribute: HDF5Tree.Attribute, to object: hid_t, _ words: String) throws(Refusal) {
    let functions = library.functions
    let texts = attribute.value.texts
    var type: hid_t
    var space: hid_t
    var isPadded = false
    switch attribute.value {
    case .text:
      type = text(size: -1)
      space = functions.createScalarSpace(H5S_SCALAR)
    case .texts where texts.isEmpty:
      type = functions.copyType(functions.float64)
      space = unsafe functions.createSpace(1, [0], nil)
    case .texts:
      type = text(size: -1)
      space = unsafe functions.createSpace(1, [hsize_t(texts.count)], nil)
    case .paddedTexts:
      isPadded = true
      type = text(size: max(1, texts.map(\.utf8.count).max() ?? 0))
      space = unsafe functions.createSpace(1, [hsize_t(texts.count)], nil)
    }
    defer {
      _ = functions.closeType(type)
      _ = functions.closeSpace(space)
    }
    let handle = unsafe functions.createAttribute(object, attribute.name, type, space, 0, 0)
    guard type >= 0, space >= 0, handle >= 0 else { throw failure(words, "be made") }
    defer { _ = functions.closeAttribute(handle) }
    if texts.isEmpty { return }
    let status = isPadded ? writePadded(texts, to: handle, type) : writeVariable(texts, to: handle, type)
    guard status >= 0 else { throw failure(words, "be written") }
  }

  /// The type of texts of a number of bytes, padded with zeros; of any number where it is negative.
  private func text(size: Int) -> hid_t {
    let functions = library.functions
    let type = functions.copyType(functions.text)
    // `H5T_VARIABLE` is the largest size there is; h5py pads texts of a fixed size with zeros.
    guard functions.setTypeSize(type, size) >= 0,
      functions.setCharacterSet(type, isUnicode ? H5T_CSET_UTF8 : H5T_CSET_ASCII) >= 0,
      functions.setTextPadding(type, size < 0 ? H5T_STR_NULLTERM : H5T_STR_NULLPAD) >= 0
    else { return -1 }
    return type
  }

  private func writeVariable(_ texts: [String], to attribute: hid_t, _ type: hid_t) -> herr_t {
    // One buffer for all texts, each ended by a zero, and the address of each.
    var bytes: [CChar] = []
    var starts: [Int] = []
    for text in texts {
      starts.append(bytes.count)
      bytes += text.utf8.map { CChar(bitPattern: $0) } + [0]
    }
    return unsafe bytes.withUnsafeBufferPointer { bytes in
      let pointers = unsafe starts.map { unsafe bytes.baseAddress?.advanced(by: $0) }
      return unsafe pointers.withUnsafeBytes {
        unsafe library.functions.writeAttribute(attribute, type, $0.baseAddress)
      }
    }
  }

  private func writePadded(_ texts: [String], to attribute: hid_t, _ type: hid_t) -> herr_t {
    let width = library.functions.typeSize(type)
    let bytes = texts.flatMap { text in
      Array(text.utf8) + [UInt8](repeating: 0, count: width - text.utf8.count)
    }
    return unsafe bytes.withUnsafeBytes {
      unsafe library.functions.writeAttribute(attribute, type, $0.baseAddress)
    }
  }

  private func failure(_ what: String, _ activity: String) -> Refusal {
    Refusal(.unsupported, "\(what) cannot \(activity): \(library.reason)")
  }
}
