import Architectures
import Checkpoint
import JSON
import SystemPackage

/// Reads the text of a pin file, and says of every fault where it is.
struct PinFileReader {
  private static let rootMembers = ["schemaVersion", "pins"]
  private static let pinMembers = [
    "checkpoint", "content", "reference", "referenceSha256", "tolerance", "architecture",
  ]

  /// The value that is read.
  private let value: JSONValue
  /// What it is called in messages: `pins[2]`.
  private let label: String
  /// The byte at which its entry begins.
  private let offset: Int?

  /// The pins of a file in its order.
  ///
  /// - Throws: ``VerificationError`` with code `malformedPinFile`.
  static func entries(_ text: [UInt8]) throws(VerificationError) -> [PinFile.Entry] {
    let root: JSONValue
    do throws(JSONError) {
      root = try JSONParser.parse(text)
    } catch {
      throw VerificationError(
        .malformedPinFile, "not valid JSON: \(error.message)", offset: error.offset,
        hint: "restore the file, or remove it and pin again")
    }
    // The version first: another one may have other members.
    let reader = PinFileReader(value: root, label: "the pin file", offset: nil)
    try reader.checkVersion()
    try reader.checkMembers(rootMembers)
    guard let values = try reader.member("pins").arrayValue else {
      throw reader.fault("pins", "found \(root["pins"]?.kind ?? "nothing"), expected an array")
    }
    let places = entryPlaces(text)
    var entries: [PinFile.Entry] = []
    var seen: [[String]: Int] = [:]
    for (index, value) in values.enumerated() {
      let place = index < places.count ? places[index] : nil
      let reader = PinFileReader(value: value, label: "pins[\(index)]", offset: place?.offset)
      let pin = try reader.pin()
      let key = [pin.checkpoint, pin.reference].map { FilePath($0).lexicallyNormalized().string }
      if let first = seen.updateValue(index, forKey: key) {
        throw reader.fault("\(pin.checkpoint) against \(pin.reference) is pinned in pins[\(first)] already")
      }
      entries.append(PinFile.Entry(pin: pin, line: place?.line ?? 1))
    }
    return entries
  }

  /// Where the entries begin. In a text that holds what it should, they are the objects two levels down.
  private static func entryPlaces(_ text: [UInt8]) -> [(offset: Int, line: Int)] {
    var places: [(offset: Int, line: Int)] = []
    var (line, depth, isInString, isEscaped) = (1, 0, false, false)
    for (offset, byte) in text.enumerated() {
      if isInString {
        if byte == UInt8(ascii: "\""), !isEscaped { isInString = false }
        isEscaped = byte == UInt8(ascii: "\\") && !isEscaped
        continue
      }
      switch byte {
      case UInt8(ascii: "\""): isInString = true
      case UInt8(ascii: "{"), UInt8(ascii: "["):
        if depth == 2, byte == UInt8(ascii: "{") { places.append((offset, line)) }
        depth += 1
      case UInt8(ascii: "}"), UInt8(ascii: "]"): depth -= 1
      // No string goes over the end of a line.
      case UInt8(ascii: "\n"): line += 1
      default: break
      }
    }
    return places
  }

  private func checkVersion() throws(VerificationError) {
    let version = try member("schemaVersion")
    guard let number = version.integerValue else {
      throw fault("schemaVersion", "found \(version.kind), expected an integer")
    }
    guard number == PinFile.currentVersion else {
      throw VerificationError(
        .malformedPinFile, "pin file version \(number), this program knows \(PinFile.currentVersion)",
        hint: "use a newer attnconv")
    }
  }

  private func pin() throws(VerificationError) -> Pin {
    try checkMembers(Self.pinMembers)
    let tolerance = try member("tolerance")
    guard let number = tolerance.doubleValue, (0..<1).contains(number) else {
      let found = tolerance.doubleValue == nil ? tolerance.kind : tolerance.text()
      throw fault("tolerance", "found \(found), expected a number from 0 to less than 1")
    }
    let description = try member("architecture")
    let architecture: Architecture
    do throws(ArchitectureError) {
      architecture = try Architecture(json: description)
    } catch {
      throw fault("architecture", error.message, hint: error.hint)
    }
    return Pin(
      checkpoint: try path("checkpoint"), content: try digest("content"), reference: try path("reference"),
      referenceSHA256: try digest("referenceSha256"), tolerance: number, architecture: architecture)
  }

  private func checkMembers(_ known: [String]) throws(VerificationError) {
    guard let members = value.objectValue else {
      throw fault("found \(value.kind), expected an object")
    }
    if let stray = members.first(where: { !known.contains($0.name) }) {
      throw fault(
        "found unknown member \"\(stray.name)\", expected only \(known.joined(separator: ", "))",
        hint: NearestName.of(stray.name, among: known).map { "did you mean \"\($0)\"?" })
    }
  }

  private func member(_ name: String) throws(VerificationError) -> JSONValue {
    guard let member = value[name] else {
      throw fault(
        value.objectValue == nil ? "found \(value.kind), expected an object" : "found no member \"\(name)\"")
    }
    return member
  }

  private func text(_ name: String, _ expected: String) throws(VerificationError) -> String {
    let value = try member(name)
    guard let text = value.stringValue else { throw fault(name, "found \(value.kind), expected \(expected)") }
    return text
  }

  private func path(_ name: String) throws(VerificationError) -> String {
    let text = try text(name, "a path")
    // What follows a NUL would not be part of the path that is opened.
    guard !text.isEmpty, !text.utf8.contains(0) else {
      throw fault(name, "found \(text.isEmpty ? "an empty text" : "a path with a NUL"), expected a path")
    }
    return text
  }

  private func digest(_ name: String) throws(VerificationError) -> String {
    let text = try text(name, "a SHA-256")
    guard ContentDigest.isWellFormed(text) else {
      throw fault(name, "found \"\(text)\", expected a SHA-256: 64 lower-case hexadecimal digits")
    }
    return text
  }

  private func fault(_ name: String, _ message: String, hint: String? = nil) -> VerificationError {
    fault("\"\(name)\": \(message)", hint: hint)
  }

  private func fault(_ message: String, hint: String? = nil) -> VerificationError {
    VerificationError(
      .malformedPinFile, "\(label): \(message)", offset: offset.map(UInt64.init), hint: hint)
  }
}
