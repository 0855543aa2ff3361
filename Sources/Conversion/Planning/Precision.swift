import Architectures
public import Checkpoint

/// The floating-point types that tensors get on their way.
public struct Precision: Hashable, Sendable {
  /// The type to convert floating-point tensors to; `nil` keeps each tensor's own.
  public var elementType: ElementType?

  /// Whether running means and variances are converted too. Otherwise they keep their type, because half
  /// precision cannot hold the variances of real networks.
  public var convertsNormStatistics: Bool

  /// Creates a choice; the default keeps everything as it is.
  public init(elementType: ElementType? = nil, convertsNormStatistics: Bool = false) {
    self.elementType = elementType
    self.convertsNormStatistics = convertsNormStatistics
  }

  /// The type that a tensor gets.
  func target(for parameter: Parameter, of type: ElementType) -> ElementType {
    guard let elementType, type.isConvertibleFloat else { return type }
    switch parameter.role {
    case .batchCount: return type
    case .runningMean, .runningVariance:
      // Single precision takes nothing away from statistics.
      return convertsNormStatistics || elementType == .float32 ? elementType : type
    default: return elementType
    }
  }
}
