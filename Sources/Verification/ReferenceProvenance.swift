import Checkpoint
public import JSON

/// What a reference says about where it comes from: the metadata `attnconv.reference`. All of it may be left out.
public struct ReferenceProvenance: Hashable, Sendable {
  /// The name of the metadata member, whose value is JSON text.
  public static let key = "attnconv.reference"

  /// Whose names the taps have.
  public enum TapNames: String, CaseIterable, Hashable, Sendable {
    /// Canonical names of nodes, or paths of parts.
    case canonical
    /// Modules of the code base that recorded them.
    case source
  }

  /// The program that recorded it.
  public let producer: String?
  /// The framework that computed it, with its version: `torch 2.9.0`.
  public let framework: String?
  /// The model: a class, or a description.
  public let model: String?
  /// The SHA-256 of the source checkpoint whose weights were used, in hexadecimal.
  public let sourceSHA256: String?

  /// Whose names the taps have; `nil` where it does not say: canonical names are tried first then.
  public let tapNames: TapNames?

  /// The whole value.
  public let json: JSONValue

  /// Reads the value of the metadata member. Members that are not known are kept in ``json``.
  ///
  /// - Throws: ``VerificationError`` with code `malformedReference`.
  public init(text: String) throws(VerificationError) {
    do throws(JSONError) {
      json = try JSONParser.parse(text)
    } catch {
      throw Self.fault("is not valid JSON: \(error.message)")
    }
    guard json.objectValue != nil else { throw Self.fault("found \(json.kind), expected an object") }
    producer = try Self.text("producer", in: json)
    framework = try Self.text("framework", in: json)
    model = try Self.text("model", in: json)
    sourceSHA256 = try Self.text("sourceSha256", in: json)
    tapNames = try Self.text("tapNames", in: json).map { text throws(VerificationError) in
      guard let names = TapNames(rawValue: text) else {
        throw Self.fault("\"tapNames\": found \"\(text)\", expected \"canonical\" or \"source\"")
      }
      return names
    }
    if let sourceSHA256, !ContentDigest.isWellFormed(sourceSHA256) {
      throw Self.fault(
        "\"sourceSha256\": found \"\(sourceSHA256)\", expected 64 lower-case hexadecimal digits")
    }
  }

  private static func text(_ name: String, in json: JSONValue) throws(VerificationError) -> String? {
    guard let value = json[name] else { return nil }
    guard let text = value.stringValue else {
      throw fault("\"\(name)\": found \(value.kind), expected a string")
    }
    return text
  }

  private static func fault(_ message: String) -> VerificationError {
    VerificationError(.malformedReference, "metadata \(key) \(message)")
  }
}
