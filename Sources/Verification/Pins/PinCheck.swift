/// What became of one pin.
public struct PinCheck: Hashable, Sendable {
  /// The kinds of outcome.
  public enum Outcome: Hashable, Sendable {
    /// Everything is as pinned, and the network computes what was recorded.
    case holds(Verdict)
    /// The checkpoint or the reference is another one than was pinned; nothing was compared.
    case changed([PinChange])
    /// The network does not compute what was recorded.
    case diverged(Verdict)
    /// It could not be found out: a file is missing, damaged or cannot be read.
    case unchecked(VerificationError)
  }

  /// The pin and where it stands.
  public let entry: PinFile.Entry
  /// What became of it.
  public let outcome: Outcome

  /// The pin.
  public var pin: Pin { entry.pin }

  /// Whether the pin holds.
  public var holds: Bool { if case .holds = outcome { true } else { false } }
}
