public import JSON

/// What a canonical checkpoint says about itself in the metadata of its safetensors file.
public struct CheckpointMetadata: Hashable, Sendable {
  /// The version of the format that this package writes.
  public static let currentVersion = "1"

  /// The names of the metadata members.
  public enum Key: String, CaseIterable, Sendable {
    /// Checksums of the whole header, this value left out, so that every change of a byte is noticed and found. It
    /// stands first, and ``SafetensorsLayout/head(metadata:)`` computes it. Files of early versions lack it.
    case header = "attnconv.header"
    /// The version of the format: `"1"`.
    case version = "attnconv.version"
    /// JSON text: enough to rebuild the network.
    case architecture = "attnconv.architecture"
    /// JSON text: the file the weights came from, and how its names were mapped.
    case source = "attnconv.source"
    /// JSON text: the SHA-256 of each tensor's bytes, by name.
    case digests = "attnconv.digests"
    /// The digest of names, types, shapes and digests; see ``ContentDigest``.
    case content = "attnconv.content"
  }

  /// The network.
  public var architecture: JSONValue

  /// The file the weights came from, and how its names were mapped.
  public var source: JSONValue

  /// The SHA-256 of each tensor's bytes, by name, in hexadecimal.
  public var digests: [String: String]

  /// The digest of all tensors; see ``ContentDigest``.
  public var content: String

  /// Whether the header has a seal; files of early versions have none.
  public let isSealed: Bool

  /// Creates the metadata of a checkpoint that is to be written.
  public init(architecture: JSONValue, source: JSONValue, digests: [String: String], content: String) {
    self.architecture = architecture
    self.source = source
    self.digests = digests
    self.content = content
    isSealed = true
  }

  /// The members to write, in a fixed order. The first is computed by ``SafetensorsLayout/head(metadata:)``.
  public var members: [(name: String, value: String)] {
    let digests = JSONValue.object(self.digests.map { JSONValue.Member($0.key, .string($0.value)) })
    return [
      (Key.header.rawValue, ""),
      (Key.version.rawValue, Self.currentVersion),
      (Key.architecture.rawValue, architecture.text()),
      (Key.source.rawValue, source.text()),
      (Key.digests.rawValue, digests.text()),
      (Key.content.rawValue, content),
    ]
  }

  /// Whether a safetensors file claims to be a canonical checkpoint.
  public static func isPresent(in header: SafetensorsHeader) -> Bool {
    header.metadata(Key.version.rawValue) != nil
  }

  /// Reads and checks the metadata of a canonical checkpoint.
  ///
  /// - Throws: ``CheckpointError`` with code `notCanonical`, `unsupportedVersion`, `malformed` or
  ///   `digestMismatch`.
  public init(_ header: SafetensorsHeader) throws(CheckpointError) {
    guard let version = header.metadata(Key.version.rawValue) else {
      throw CheckpointError(
        .notCanonical, "a safetensors file without \(Key.version.rawValue), not a canonical checkpoint",
        hint: "run 'attnconv import' on it first")
    }
    guard version == Self.currentVersion else {
      throw CheckpointError(
        .unsupportedVersion,
        "checkpoint format version \"\(version)\", this program knows \"\(Self.currentVersion)\"",
        hint: "use a newer attnconv")
    }
    isSealed = header.metadata(Key.header.rawValue) != nil
    architecture = try Self.json(.architecture, header)
    source = try Self.json(.source, header)
    content = try Self.text(.content, header)
    var digests: [String: String] = [:]
    let digestText = Array(try Self.text(.digests, header).utf8)
    // Only what is no object is parsed as a whole, which tells what it is.
    if digestText.first != UInt8(ascii: "{") { _ = try Self.json(.digests, header) }
    try JSONParser.forEachMember(of: digestText) { error in
      CheckpointError(.malformed, "\(Key.digests.rawValue) is not valid JSON: \(error.message)")
    } _: { member throws(CheckpointError) in
      guard let digest = member.value.stringValue, ContentDigest.isWellFormed(digest) else {
        throw CheckpointError(
          .malformed,
          "\(Key.digests.rawValue) of \"\(member.name)\" is not a SHA-256 in lower-case hexadecimal digits")
      }
      digests[member.name] = digest
    }
    self.digests = digests
    var rows: [ContentDigest.Row] = []
    for tensor in header.tensors {
      // Names with the separators of a row could make two sets of tensors give one content digest.
      guard !tensor.name.utf8.contains(where: { $0 < 0x20 }) else {
        throw CheckpointError(
          .malformed, "tensor \(JSONValue.string(tensor.name).text()) has a control character in its name")
      }
      guard let digest = digests[tensor.name] else {
        throw CheckpointError(.malformed, "\(Key.digests.rawValue) lacks tensor \"\(tensor.name)\"")
      }
      rows.append(
        .init(name: tensor.name, elementType: tensor.elementType, shape: tensor.shape, digest: digest))
    }
    guard digests.count == rows.count else {
      let known = Set(rows.map(\.name))
      let stray = digests.keys.filter { !known.contains($0) }.sorted().first ?? ""
      throw CheckpointError(
        .malformed, "\(Key.digests.rawValue) names \"\(stray)\", which the file does not hold")
    }
    let expected = ContentDigest.of(rows)
    guard content == expected else {
      throw CheckpointError(
        .digestMismatch,
        "\(Key.content.rawValue) is \(content), the names, types, shapes and digests give \(expected)",
        hint: "the header was changed after the checkpoint was written; \(importAgain)")
    }
  }

  /// How to get the same checkpoint once more, as far as it says what it was made from.
  public var importAgain: String {
    let files = (source["files"]?.arrayValue ?? [source]).compactMap { file in
      file["file"]?.stringValue.map { name in
        name + (file["sha256"]?.stringValue.map { " (SHA-256 \($0))" } ?? "")
      }
    }
    return "import \(files.isEmpty ? "the source" : files.joined(separator: ", ")) again"
  }

  private static func text(_ key: Key, _ header: SafetensorsHeader) throws(CheckpointError) -> String {
    guard let text = header.metadata(key.rawValue) else {
      throw CheckpointError(.malformed, "the metadata lacks \(key.rawValue)")
    }
    return text
  }

  private static func json(_ key: Key, _ header: SafetensorsHeader) throws(CheckpointError) -> JSONValue {
    do {
      let value = try JSONParser.parse(try text(key, header))
      guard value.objectValue != nil else {
        throw CheckpointError(.malformed, "\(key.rawValue) is \(value.kind), expected an object")
      }
      return value
    } catch let error as JSONError {
      throw CheckpointError(.malformed, "\(key.rawValue) is not valid JSON: \(error.message)")
    } catch let error as CheckpointError {
      throw error
    } catch {
      throw CheckpointError(.malformed, "\(error)")
    }
  }
}
