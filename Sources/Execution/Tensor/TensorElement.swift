/// A number that tensors hold: `Float`, or `Double` for the oracle.
///
/// Conversions are whole-array requirements so that generic code converts at the speed of a plain loop.
public protocol TensorElement: BinaryFloatingPoint, Sendable {
  /// Single-precision numbers as numbers of this type; exact.
  static func converting(_ values: [Float]) -> [Self]
  /// Double-precision numbers as numbers of this type, rounded to nearest.
  static func converting(_ values: [Double]) -> [Self]
  /// Numbers of this type in single precision, rounded to nearest.
  static func floats(_ values: [Self]) -> [Float]
  /// Numbers of this type in double precision; exact.
  static func doubles(_ values: [Self]) -> [Double]
}

extension Float: TensorElement {
  /// The same numbers.
  public static func converting(_ values: [Float]) -> [Float] { values }
  /// Each number rounded to nearest.
  public static func converting(_ values: [Double]) -> [Float] { values.map { Float($0) } }
  /// The same numbers.
  public static func floats(_ values: [Float]) -> [Float] { values }
  /// Each number widened exactly.
  public static func doubles(_ values: [Float]) -> [Double] { values.map { Double($0) } }
}

extension Double: TensorElement {
  /// Each number widened exactly.
  public static func converting(_ values: [Float]) -> [Double] { values.map { Double($0) } }
  /// The same numbers.
  public static func converting(_ values: [Double]) -> [Double] { values }
  /// Each number rounded to nearest.
  public static func floats(_ values: [Double]) -> [Float] { values.map { Float($0) } }
  /// The same numbers.
  public static func doubles(_ values: [Double]) -> [Double] { values }
}
