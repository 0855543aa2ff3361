public import Bytes
import JSON
import SystemPackage

/// The header of a safetensors file: its string metadata and where every tensor lies.
///
/// The reader is strict: besides what the reference implementation refuses, it refuses what the format's
/// README or JSON schema forbids and readers disagree about (two tensors of one name, unknown fields, space
/// before the header, dimensions of 2^48 and more). Source: huggingface/safetensors, `README.md` ("Format"),
/// `docs/safetensors.schema.json`, `safetensors/src/tensor.rs`.
public struct SafetensorsHeader: Hashable, Sendable {
  /// The longest header accepted, in bytes; the same as in the reference implementation.
  public static let maximumLength = 100_000_000

  /// A dimension must be smaller than this (`docs/safetensors.schema.json`).
  public static let dimensionLimit = 1 << 48

  /// The most dimensions accepted: PyTorch allows 64, and a header of nothing but dimensions stays small.
  public static let maximumRank = 64

  /// The members of `__metadata__`, in the order of the file.
  public var metadata: [(name: String, value: String)] {
    zip(metadataNames, metadataValues).map { ($0, $1) }
  }

  /// The tensors in the order of their bytes.
  public let tensors: [TensorRecord]

  /// The offset in the file of the first byte of data.
  public let dataOffset: UInt64

  private let metadataNames: [String]
  private let metadataValues: [String]

  /// Reads and checks the header of a file.
  ///
  /// - Throws: ``CheckpointError`` naming the tensor, and what was expected and found.
  public init(reading file: InputFile) throws(CheckpointError) {
    do {
      let length = try Self.length(
        prefix: file.read(at: 0, count: Int(min(8, file.size))), fileSize: file.size)
      try self.init(parsing: file.read(at: 8, count: length), fileSize: file.size)
    } catch let error as CheckpointError {
      var error = error
      error.file = error.file ?? file.path.string
      throw error
    } catch let error as BytesError {
      throw CheckpointError(error)
    } catch {
      throw CheckpointError(.inputOutput, "\(error)", file: file.path.string)
    }
  }

  /// Reads and checks the header of a whole file in memory.
  ///
  /// - Throws: ``CheckpointError`` naming the tensor, and what was expected and found.
  public init(of file: [UInt8]) throws(CheckpointError) {
    let size = UInt64(file.count)
    let length = try Self.length(prefix: Array(file.prefix(8)), fileSize: size)
    try self.init(parsing: Array(file[8..<8 + length]), fileSize: size)
  }

  /// What checkpoints of other formats begin with; as the length of a header, each is far too large.
  ///
  /// Sources: APPNOTE.TXT 4.3.7; HDF5 File Format Specification II.A; `torch/serialization.py`, `MAGIC_NUMBER` in a pickle of
  /// protocol 2.
  private static let foreignContainers: [(name: String, signature: [UInt8])] = [
    ("a zip archive, as PyTorch and Keras write them", Array("PK\u{3}\u{4}".utf8)),
    ("an HDF5 file, as Keras writes it", [0x89, 0x48, 0x44, 0x46, 0x0D, 0x0A, 0x1A, 0x0A]),
    ("a PyTorch file of before 1.6", [0x80, 0x02, 0x8A, 0x0A, 0x6C, 0xFC, 0x9C, 0x46]),
  ]

  /// The length of the header in bytes, from the first eight bytes of a file.
  static func length(prefix: [UInt8], fileSize: UInt64) throws(CheckpointError) -> Int {
    guard prefix.count == 8 else {
      throw CheckpointError(
        .truncated, "the file has \(fileSize) bytes, a safetensors file has at least 8", offset: 0)
    }
    if let other = foreignContainers.first(where: { prefix.starts(with: $0.signature) }) {
      throw CheckpointError(
        .malformed, "found \(other.name), expected a canonical checkpoint", offset: 0,
        hint: "'attnconv import FILE' makes one of it")
    }
    let length = prefix.reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    guard length <= UInt64(maximumLength) else {
      throw CheckpointError(
        .malformed, "the header claims \(length) bytes, at most \(maximumLength) are allowed", offset: 0,
        hint: "the file is damaged or of another format; fetch it again")
    }
    guard length <= fileSize - 8 else {
      throw CheckpointError(
        .truncated, "the header claims \(length) bytes, the file has \(fileSize - 8) after its length field",
        offset: 8, hint: "the download may be incomplete; fetch the file again")
    }
    return Int(length)
  }

  /// Parses the text of a header and checks it against the size of its file.
  public init(parsing text: [UInt8], fileSize: UInt64) throws(CheckpointError) {
    try self.init(parsing: text)
    try checkSize(fileSize)
  }

  /// The size that the file should have.
  var fileSize: UInt64 { dataOffset + (tensors.last?.end ?? 0) }

  /// Parses the text of a header, whatever the size of its file.
  init(parsing text: [UInt8]) throws(CheckpointError) {
    guard text.first == UInt8(ascii: "{") else {
      throw CheckpointError(.malformed, "the header does not begin with '{'", offset: 8)
    }
    // Only spaces may follow the object; other white space would pass the JSON parser.
    guard let end = text.lastIndex(where: { $0 != 0x20 }), text[end] == UInt8(ascii: "}") else {
      throw CheckpointError(
        .malformed, "the header ends with something other than '}' and spaces", offset: 8)
    }
    dataOffset = 8 + UInt64(text.count)
    var records: [TensorRecord] = []
    var names: [String] = []
    var values: [String] = []
    try JSONParser.forEachMember(of: text) { error in
      CheckpointError(
        .malformed, "the header is not valid JSON: \(error.message)", offset: 8 + (error.offset ?? 0))
    } _: { member throws(CheckpointError) in
      if member.name == "__metadata__" {
        guard let entries = member.value.objectValue else {
          throw CheckpointError(
            .malformed, "__metadata__ is \(member.value.kind), expected an object of strings", offset: 8)
        }
        for entry in entries {
          guard let value = entry.value.stringValue else {
            throw CheckpointError(
              .malformed, "__metadata__ member \"\(entry.name)\" is \(entry.value.kind), expected a string",
              offset: 8)
          }
          names.append(entry.name)
          values.append(value)
        }
      } else {
        records.append(try TensorRecord(name: member.name, json: member.value))
      }
    }
    metadataNames = names
    metadataValues = values
    tensors = records.sorted { ($0.begin, $0.end, $0.name) < ($1.begin, $1.end, $1.name) }
    try checkCoverage()
  }

  /// The value of a metadata member.
  public func metadata(_ name: String) -> String? {
    metadataNames.firstIndex(of: name).map { metadataValues[$0] }
  }

  /// Every byte of data belongs to exactly one tensor: no hole, no overlap.
  private func checkCoverage() throws(CheckpointError) {
    var position: UInt64 = 0
    for tensor in tensors {
      guard tensor.begin == position else {
        let fault = tensor.begin < position ? "overlaps the tensor before it" : "leaves a hole before it"
        throw CheckpointError(
          .malformed,
          "tensor \"\(tensor.name)\" begins at data offset \(tensor.begin) and \(fault), expected \(position)",
          offset: dataOffset + tensor.begin)
      }
      position = tensor.end
    }
  }

  /// The file ends with its last tensor: nothing missing, nothing left over.
  private func checkSize(_ fileSize: UInt64) throws(CheckpointError) {
    guard dataOffset <= fileSize else {
      throw CheckpointError(
        .truncated, "the header needs \(dataOffset) bytes, the file has \(fileSize)", offset: fileSize)
    }
    let (position, found) = (tensors.last?.end ?? 0, fileSize - dataOffset)
    guard found >= position else {
      throw CheckpointError(
        .truncated,
        "the tensors need \(position) bytes of data, the file has \(found): \(position - found) are missing",
        offset: fileSize, hint: "the download may be incomplete; fetch the file again")
    }
    guard found == position else {
      throw CheckpointError(
        .malformed, "\(found - position) bytes follow the last tensor", offset: dataOffset + position)
    }
  }

  /// Whether two headers describe the same tensors and metadata.
  public static func == (left: Self, right: Self) -> Bool {
    left.tensors == right.tensors && left.dataOffset == right.dataOffset
      && left.metadataNames == right.metadataNames && left.metadataValues == right.metadataValues
  }
}
