import Bytes
import JSON
public import SystemPackage

/// The pin file: which checkpoints a project relies on, like a lock file for weights.
///
/// JSON, described by `Schemas/pins.schema.json`. It is written sorted and indented, the same pins in the same bytes,
/// so that a change of weights is a change of a few lines in a review.
///
///     let file = try PinFile("attnconv.json")
///     let checks = await PinChecker().check(file)
public struct PinFile: Hashable, Sendable {
  /// The name that a pin file usually has.
  public static let defaultName = "attnconv.json"
  /// The version of the format that this package reads and writes.
  public static let currentVersion = 1
  /// The largest pin file that is read: about 4000 pins.
  public static let maximumByteCount = 1 << 22

  /// One pin and where it stands.
  public struct Entry: Hashable, Sendable {
    /// The pin.
    public let pin: Pin
    /// The line of the file on which it begins, counted from 1.
    public let line: Int
  }

  /// The path as the user gave it.
  public let path: FilePath
  /// The pins in the order of the file.
  public let entries: [Entry]

  /// Reads a pin file strictly: unknown members, wrong types and double entries are refused.
  ///
  /// - Throws: ``VerificationError`` with code `malformedPinFile`, which names the member and the byte at which its
  ///   entry begins, or `fileFailed`.
  public init(_ path: FilePath) throws(VerificationError) {
    self.path = path
    let bytes: [UInt8]
    do throws(BytesError) {
      let file = try InputFile(path)
      guard file.size <= UInt64(Self.maximumByteCount) else {
        throw BytesError(
          .cannotRead, "found \(file.size) bytes, expected a pin file of at most \(Self.maximumByteCount)",
          file: path.string)
      }
      bytes = try file.read(at: 0, count: Int(file.size))
      try file.checkUnchanged()
    } catch {
      var failure = VerificationError(error)
      if error.code == .notAFile { failure.hint = "name the pin file, usually \(Self.defaultName)" }
      throw failure
    }
    do throws(VerificationError) {
      entries = try PinFileReader.entries(bytes)
    } catch {
      var error = error
      error.file = path.string
      throw error
    }
  }

  /// Where a path of a pin leads.
  public func location(of path: String) -> FilePath {
    self.path.removingLastComponent().pushing(FilePath(path))
  }

  /// A path as it is written in a pin file, with `/` between its parts.
  public static func name(for path: FilePath, in file: FilePath) -> String {
    path.relative(to: file.removingLastComponent()).string
  }

  /// The pin of a checkpoint and a reference, both as ``name(for:in:)`` gives them.
  public func pin(of checkpoint: String, against reference: String) -> Pin? {
    entries.map(\.pin).first {
      Self.isSame($0.checkpoint, checkpoint) && Self.isSame($0.reference, reference)
    }
  }

  /// Whether two paths of one pin file mean the same file.
  static func isSame(_ left: String, _ right: String) -> Bool {
    FilePath(left).lexicallyNormalized() == FilePath(right).lexicallyNormalized()
  }

  /// The text of a pin file: sorted by checkpoint and reference, the members in the order in which people read them.
  static func text(of pins: [Pin]) -> String {
    let sorted = pins.sorted { left, right in
      let (left, right) = ([left.checkpoint, left.reference], [right.checkpoint, right.reference])
      return left.lexicographicallyPrecedes(right) { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }
    let root: JSONValue = [
      "schemaVersion": .integer(currentVersion), "pins": .array(sorted.map(\.json)),
    ]
    return root.text(sortedNames: false, indented: true) + "\n"
  }
}
