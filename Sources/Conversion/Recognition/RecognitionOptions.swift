import Architectures
import Checkpoint
public import JSON

/// What a user may force instead of leaving it to recognition.
public struct RecognitionOptions: Sendable {
  /// The key path of the state dict: `["checkpoint", "model"]`.
  public var key: [String]?

  /// The name of a dialect.
  public var dialect: String?

  /// The name of an architecture of the catalog.
  public var architecture: String?

  /// The number of classes, where the file has no head to tell it.
  public var classes: Int?

  /// What no tensor shows, to override the defaults of the dialect: `stridePosition` = `conv1`.
  public var semantics: [JSONValue.Member] = []

  /// Patterns of names that may be missing.
  public var allowMissing: [String] = []

  /// Patterns of names that may be there although the network has no place for them.
  public var allowUnexpected: [String] = []

  /// The architecture of a name.
  ///
  /// - Throws: ``ConversionError`` with identifier `unknown-architecture`, naming the nearest.
  static func architecture(named name: String) throws(ConversionError) -> Architecture {
    do {
      return try ArchitectureCatalog.architecture(named: name)
    } catch {
      var failure = ConversionError(error)
      if let nearest = NearestName.of(name, among: ArchitectureCatalog.names) {
        failure.hint = "did you mean \"\(nearest)\"?"
      }
      throw failure
    }
  }

  /// Creates options that force nothing.
  public init() {}
}
