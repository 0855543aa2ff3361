/// A line on the terminal that says how far a long step is; silent for the first half second and wherever
/// nobody is looking.
final class ProgressLine: Sendable {
  private let label: String
  private let begin = Terminal.seconds
  private let isShown = Terminal.isInteractive

  init(_ label: String) { self.label = label }

  func update(_ done: UInt64, _ total: UInt64) {
    guard isShown, total > 0, Terminal.seconds - begin > 0.5 else { return }
    Terminal.partialMessage("\r\(label) \(done * 100 / total) %")
    if done == total { Terminal.partialMessage("\r\u{1B}[K") }
  }
}
