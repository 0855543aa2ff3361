import Architectures

/// Running statistics that a user states for norms whose file does not hold them.
///
/// A file may lack them because only what is trained was saved, or because a layer of somebody's own keeps none. They
/// decide what the network computes, so they are never made up: they are missing unless someone declares them.
public struct DeclaredStatistics: Hashable, Sendable {
  /// The norms: a canonical module or that of the source, with `*` for any text and `?` for any character.
  public var pattern: String
  /// The mean of every channel.
  public var mean: Double
  /// The variance of every channel.
  public var variance: Double

  /// Reads `PATTERN=MEAN,VARIANCE`; `nil` for anything else, for numbers that single precision does not hold, and for
  /// a variance below 0.
  public init?(_ text: String) {
    guard let sign = text.lastIndex(of: "="), sign != text.startIndex else { return nil }
    let numbers = text[text.index(after: sign)...].split(separator: ",", omittingEmptySubsequences: false)
    guard numbers.count == 2, let mean = Double(numbers[0]), let variance = Double(numbers[1]),
      Float(mean).isFinite, Float(variance).isFinite, variance >= 0
    else { return nil }
    pattern = String(text[..<sign])
    self.mean = mean
    self.variance = variance
  }

  /// The value for a parameter of a module that the source gives some name; `nil` for what is no statistic of a norm
  /// that the pattern names.
  func value(of parameter: Parameter, sourceModule: String) -> Double? {
    guard Glob.matches(parameter.module, pattern) || Glob.matches(sourceModule, pattern) else { return nil }
    return switch parameter.role {
    case .runningMean: mean
    case .runningVariance: variance
    default: nil
    }
  }
}

/// A parameter that no tensor of the source gives, with the value that a user declared for all of its elements.
public struct DeclaredParameter: Hashable, Sendable {
  /// The canonical name.
  public var canonicalName: String
  /// The value.
  public var value: Double
}
