public import Execution

/// How a tensor that a network computed differs from the one that was recorded.
///
/// It passes where every number of both is finite and max|actual - expected| <= tolerance x max|expected|. All else is
/// reported and never part of the gate: broken conversions reach a cosine of 0.999 and the right class.
public struct Comparison: Hashable, Sendable {
  /// The difference of one element.
  public struct Difference: Hashable, Sendable {
    /// The size of the difference.
    public let value: Double
    /// The place of the element, one index for each side.
    public let index: [Int]
    /// What the network computed.
    public let actual: Double
    /// What was recorded.
    public let expected: Double
  }

  /// Numbers that are NaN or infinite.
  public struct NonFinite: Hashable, Sendable {
    /// How many they are.
    public let count: Int
    /// The place of the first, one index for each side.
    public let first: [Int]
  }

  /// The name of the tensor in the reference: `output`, or `taps.` and a node or path.
  public let tensor: String
  /// The canonical name of the node that computed it.
  public let node: String
  /// The shape of both tensors.
  public let shape: [Int]
  /// The largest difference that passes, relative to ``expectedMaximum``.
  public let tolerance: Double
  /// The largest magnitude that was recorded. Where it is 0, any difference fails.
  public let expectedMaximum: Double
  /// The largest difference; `nil` where numbers are not finite.
  public let largestAbsolute: Difference?
  /// The largest difference relative to the element's own expected magnitude; `nil` where numbers are not finite or all
  /// expected ones are 0. Elements near 0 make it large; it is never the gate.
  public let largestRelative: Difference?
  /// The cosine of the angle between both tensors; `nil` where numbers are not finite or one tensor is 0.
  public let cosineSimilarity: Double?
  /// How the largest elements of each row agree; only for outputs [N, classes].
  public let ranking: RankingAgreement?
  /// Numbers of the network that are not finite.
  public let nonFiniteActual: NonFinite?
  /// Recorded numbers that are not finite.
  public let nonFiniteExpected: NonFinite?

  /// Whether the tensors agree.
  public var passes: Bool {
    largestAbsolute.map { $0.value <= tolerance * expectedMaximum } ?? false
  }

  /// The largest difference relative to the largest expected magnitude, which the tolerance bounds; `nil` where numbers
  /// are not finite or where it is a difference from nothing but 0.
  public var relativeDifference: Double? {
    guard let value = largestAbsolute?.value else { return nil }
    return value == 0 ? 0 : expectedMaximum == 0 ? nil : value / expectedMaximum
  }

  /// Why the tensor fails whatever the tolerance, in words.
  public var notes: [String] {
    var notes: [String] = []
    func tell(_ subject: String, _ numbers: NonFinite?) {
      guard let numbers else { return }
      notes.append(
        "\(subject) NaN or infinity in \(numbers.count) of \(shape.reduce(1, *)) numbers, first at \(numbers.first)"
      )
    }
    tell("the network gives", nonFiniteActual)
    tell("the reference holds", nonFiniteExpected)
    if expectedMaximum == 0, nonFiniteExpected == nil {
      notes.append("all expected numbers are 0, so any difference fails")
    }
    return notes
  }

  /// Compares two tensors; where they are `ranked`, the largest elements of each row, too.
  ///
  /// - Precondition: the shapes are the same.
  public init(
    _ tensor: String, node: String, actual: Tensor<some TensorElement>, expected: Tensor<Float>,
    tolerance: Double,
    ranked: Bool = false
  ) {
    precondition(actual.shape == expected.shape, "shapes are checked before tensors are compared")
    self.tensor = tensor
    self.node = node
    self.tolerance = tolerance
    shape = expected.shape
    let actual = actual.doubles
    let expected = expected.doubles
    nonFiniteActual = Self.nonFinite(actual, shape)
    nonFiniteExpected = Self.nonFinite(expected, shape)
    let isFinite = nonFiniteActual == nil && nonFiniteExpected == nil
    let sums = Sums(actual, expected)
    expectedMaximum = sums.expectedMaximum
    let shape = shape
    func difference(_ place: Sums.Place?) -> Difference? {
      guard isFinite, let place else { return nil }
      return Difference(
        value: place.value, index: TensorIndex.of(place.offset, in: shape), actual: actual[place.offset],
        expected: expected[place.offset])
    }
    largestAbsolute = difference(sums.absolute)
    largestRelative = difference(sums.relative)
    cosineSimilarity = isFinite ? sums.cosine : nil
    ranking =
      ranked && isFinite && shape.count == 2
      ? RankingAgreement(actual: actual, expected: expected, classes: shape[1]) : nil
  }

  private static func nonFinite(_ values: [Double], _ shape: [Int]) -> NonFinite? {
    guard let first = values.firstIndex(where: { !$0.isFinite }) else { return nil }
    return NonFinite(count: values.count { !$0.isFinite }, first: TensorIndex.of(first, in: shape))
  }

  /// What one pass over both tensors gives.
  private struct Sums {
    typealias Place = (value: Double, offset: Int)

    var expectedMaximum = 0.0
    var absolute: Place?
    var relative: Place?
    private var product = 0.0
    private var actualSquares = 0.0
    private var expectedSquares = 0.0

    init(_ actual: [Double], _ expected: [Double]) {
      for offset in expected.indices {
        let (found, wanted) = (actual[offset], expected[offset])
        let (difference, magnitude) = (abs(found - wanted), abs(wanted))
        expectedMaximum = max(expectedMaximum, magnitude.isFinite ? magnitude : 0)
        if difference > absolute?.value ?? -1 { absolute = (difference, offset) }
        if magnitude > 0, difference / magnitude > relative?.value ?? -1 {
          relative = (difference / magnitude, offset)
        }
        product += found * wanted
        actualSquares += found * found
        expectedSquares += wanted * wanted
      }
    }

    /// `nil` where a tensor is 0 or the squares overflow.
    var cosine: Double? {
      let lengths = actualSquares.squareRoot() * expectedSquares.squareRoot()
      guard lengths > 0, lengths.isFinite else { return nil }
      return min(1, max(-1, product / lengths))
    }
  }
}
