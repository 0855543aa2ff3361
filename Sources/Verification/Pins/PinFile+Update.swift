import Bytes
import Checkpoint
public import SystemPackage

extension PinFile {
  /// What pinning changed.
  public enum Addition: Hashable, Sendable {
    /// The file has a new pin.
    case added
    /// The file had just this pin.
    case unchanged
    /// The pin of this checkpoint and this reference was replaced; in what it differed.
    case replaced([PinChange])
  }

  /// Adds a pin to a file, or begins a file with it.
  ///
  /// - Parameters:
  ///   - pin: the pin.
  ///   - path: the pin file.
  ///   - replacing: whether a pin of the same checkpoint and reference that differs may be replaced.
  /// - Returns: what changed.
  /// - Throws: ``VerificationError`` with code `alreadyPinned` where it may not, `malformedPinFile` or `fileFailed`.
  public static func add(
    _ pin: Pin, to path: FilePath, replacing: Bool
  ) throws(VerificationError) -> Addition {
    try update(path) { (pins) throws(VerificationError) in
      guard
        let index = pins.firstIndex(where: {
          isSame($0.checkpoint, pin.checkpoint) && isSame($0.reference, pin.reference)
        })
      else {
        pins.append(pin)
        return .added
      }
      var pinned = pins[index]
      // The same path written in another way is no change.
      (pinned.checkpoint, pinned.reference) = (pin.checkpoint, pin.reference)
      let changes = pinned.changes(to: pin)
      guard !changes.isEmpty else { return .unchanged }
      guard replacing else {
        throw VerificationError(
          .alreadyPinned,
          "\(pin.checkpoint) against \(pin.reference) is pinned otherwise: "
            + changes.map(\.text).joined(separator: "; "),
          file: path.string, hint: "use --force to replace the pin")
      }
      pins[index] = pin
      return .replaced(changes)
    }
  }

  /// Takes away the pins of a checkpoint, or the one against a reference.
  ///
  /// - Returns: the pins that were taken away; at least one.
  /// - Throws: ``VerificationError`` with code `notPinned` where there is none, `malformedPinFile` or `fileFailed`.
  public static func remove(
    _ checkpoint: String, against reference: String?, from path: FilePath
  ) throws(VerificationError) -> [Pin] {
    guard path.exists else { throw VerificationError(.notPinned, "no such pin file", file: path.string) }
    return try update(path) { (pins) throws(VerificationError) in
      let removed = pins.filter { pin in
        isSame(pin.checkpoint, checkpoint) && (reference.map { isSame(pin.reference, $0) } ?? true)
      }
      guard !removed.isEmpty else {
        let nearest = NearestName.of(checkpoint, among: Set(pins.map(\.checkpoint)))
        throw VerificationError(
          .notPinned, "found no pin of \(checkpoint)" + (reference.map { " against \($0)" } ?? ""),
          file: path.string, hint: nearest.map { "did you mean \"\($0)\"?" })
      }
      pins.removeAll(where: removed.contains)
      return removed
    }
  }

  /// Reads a pin file, or begins one, and writes what `change` makes of its pins.
  ///
  /// The file is replaced as a whole, and only where the pins changed. Those who change a file of the same folder wait
  /// for each other, so that no pin gets lost.
  private static func update<Result>(
    _ path: FilePath, _ change: (inout [Pin]) throws(VerificationError) -> Result
  ) throws(VerificationError) -> Result {
    try DirectoryLock.exclusively(in: path.removingLastComponent()) { () throws(VerificationError) in
      let before = path.exists ? try PinFile(path).entries.map(\.pin) : []
      var pins = before
      let result = try change(&pins)
      guard pins != before else { return result }
      do throws(BytesError) {
        let file = try AtomicFile(path, overwrite: true)
        try file.write(Array(text(of: pins).utf8)[...], at: 0)
        try file.commit()
      } catch {
        throw VerificationError(error)
      }
      return result
    }
  }
}
