import CHDF5
import SourceFormats

/// Visits every object of a file once, without following any link that is not a plain one.
struct Walk {
  private let library: Library
  private var objects: [HDF5Object] = []
  private var textByteCount = 0
  private var attributeCount = 0

  init(_ library: Library) { self.library = library }

  /// A link of a group.
  private struct Link {
    var name: String
    var kind: H5L_type_t
    var address: haddr_t
  }

  /// What the callback of a group's links collects.
  private struct Links {
    var found: [Link] = []
    var refusal: Refusal?
    var room: Int
  }

  /// All objects, the root group first.
  mutating func objects(of file: hid_t) throws(Refusal) -> [HDF5Object] {
    let root = unsafe library.functions.openObject(file, "/", 0)
    guard root >= 0 else { throw Refusal(.malformed, "the file has no root group: \(library.reason)") }
    objects.append(HDF5Object(path: "", attributes: try attributes(of: root, ""), kind: .group))
    var pending: [(path: String, depth: Int, address: haddr_t)] = []
    var seen: Set<haddr_t> = []
    try addLinks(of: root, "", depth: 0, to: &pending)
    while let next = pending.popLast() {
      guard seen.insert(next.address).inserted else {
        throw Refusal(.malformed, "the object \"\(next.path)\" has a second path to it, or contains itself")
      }
      let object = library.functions.openAddress(file, next.address)
      guard object >= 0 else {
        throw Refusal(.malformed, "\"\(next.path)\" cannot be opened: \(library.reason)")
      }
      defer { _ = library.functions.closeObject(object) }
      let type = library.functions.objectType(object)
      var described = HDF5Object(
        path: next.path, attributes: try attributes(of: object, next.path), kind: .other("a named datatype"))
      if type == H5I_GROUP {
        guard next.depth < HDF5Limits.depth else {
          throw Refusal(.limitExceeded, "groups are nested deeper than \(HDF5Limits.depth) levels")
        }
        described.kind = .group
        try addLinks(of: object, next.path, depth: next.depth, to: &pending)
      } else if type == H5I_DATASET {
        described.kind = .dataset(
          try Dataset(library, object, next.path).description(address: UInt64(next.address)))
      }
      objects.append(described)
    }
    return objects
  }

  private mutating func addLinks(
    of group: hid_t, _ path: String, depth: Int,
    to pending: inout [(path: String, depth: Int, address: haddr_t)]
  ) throws(Refusal) {
    let links = Box(Links(room: HDF5Limits.objectCount - objects.count - pending.count))
    let status = unsafe library.functions.iterateLinks(
      group, H5_INDEX_NAME, H5_ITER_INC, nil,
      { _, name, info, context in
        guard let box = unsafe Box<Links>.from(context), let name = unsafe name, let info = unsafe info else {
          return -1
        }
        guard box.value.found.count < box.value.room else {
          box.value.refusal = Refusal(.limitExceeded, "more than \(HDF5Limits.objectCount) objects")
          return -1
        }
        guard let text = unsafe String(validatingCString: name) else {
          box.value.refusal = Refusal(.malformed, "the name of a link is not UTF-8")
          return -1
        }
        unsafe box.value.found.append(
          Link(name: text, kind: info.pointee.type, address: info.pointee.u.address))
        return 0
      }, unsafe links.pointer)
    if let refusal = links.value.refusal { throw refusal }
    guard status >= 0 else {
      throw Refusal(
        .malformed,
        "the \(path.isEmpty ? "root group" : "group \"\(path)\"") cannot be read: \(library.reason)")
    }
    // Last first, because the next object is taken from the end.
    for link in links.value.found.reversed() {
      guard !link.name.isEmpty, link.name != ".", link.name != "..", !link.name.contains("/") else {
        throw Refusal(.malformed, "the group \"\(path)\" has a link with the name \"\(link.name)\"")
      }
      let full = path.isEmpty ? link.name : path + "/" + link.name
      guard full.utf8.count <= HDF5Limits.pathByteCount else {
        throw Refusal(
          .limitExceeded, "a path of \(full.utf8.count) bytes; at most \(HDF5Limits.pathByteCount)")
      }
      try count(full.utf8.count)
      switch link.kind {
      case H5L_TYPE_HARD: pending.append((full, depth + 1, link.address))
      case H5L_TYPE_SOFT: objects.append(HDF5Object(path: full, kind: .other("a soft link")))
      case H5L_TYPE_EXTERNAL: objects.append(HDF5Object(path: full, kind: .other("an external link")))
      default: objects.append(HDF5Object(path: full, kind: .other("a user-defined link")))
      }
    }
  }

  private mutating func attributes(of object: hid_t, _ path: String) throws(Refusal) -> [String: [String]?] {
    let room = HDF5Limits.attributeCount - attributeCount
    let names = try AttributeReader(library).names(of: object, path, room: room)
    attributeCount += names.count
    var attributes: [String: [String]?] = [:]
    for name in names {
      let texts = try AttributeReader(library).texts(
        of: object, name, path, room: HDF5Limits.textByteCount - textByteCount)
      try count(name.utf8.count + (texts ?? []).reduce(0) { $0 + $1.utf8.count + 8 })
      guard attributes.updateValue(texts, forKey: name) == nil else {
        throw Refusal(.malformed, "\"\(path)\" has two attributes \"\(name)\"")
      }
    }
    return attributes
  }

  private mutating func count(_ bytes: Int) throws(Refusal) {
    textByteCount += bytes
    guard textByteCount <= HDF5Limits.textByteCount else {
      throw Refusal(.limitExceeded, "names and texts have more than \(HDF5Limits.textByteCount) bytes")
    }
  }
}
