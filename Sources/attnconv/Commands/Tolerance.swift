import ArgumentParser

/// The option `--tolerance`.
enum Tolerance {
  /// Fails where a tolerance is none. From 1 on a network that gives nothing but 0 would pass.
  static func check(_ tolerance: Double?) throws {
    if let tolerance, !(0..<1).contains(tolerance) {
      throw ValidationError("--tolerance expects a number from 0 to less than 1, found '\(tolerance)'")
    }
  }
}
