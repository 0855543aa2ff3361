import Testing
@testable import attnconv

@Suite struct LogScaleTests {
  private static let scale = LogScale(-9...1)

  @Test(
    arguments: [
      (1e-9, .inside(0)), (10, .inside(1)), (1e-4, .inside(0.5)), (-1e-4, .inside(0.5)), (0, .zero),
      (-0.0, .zero),
      (0.99e-9, .below), (.leastNonzeroMagnitude, .below), (10.01, .above), (1.7e308, .above),
      (.infinity, .notFinite), (-.infinity, .notFinite), (.nan, .notFinite), (nil, .notFinite),
    ] as [(Double?, LogScale.Place)])
  func `every value has its place`(_ value: Double?, _ place: LogScale.Place) {
    guard case .inside(let expected) = place, case .inside(let found) = Self.scale.place(value) else {
      #expect(Self.scale.place(value) == place)
      return
    }
    #expect(abs(found - expected) < 1e-12)
  }

  @Test func `larger values stand higher`() {
    let places = stride(from: -8.9, through: 0.9, by: 0.1).map { exponent -> Double in
      let value = (0..<Int((exponent + 9) * 10)).reduce(1e-9) { value, _ in value * 1.2589254117941673 }
      guard case .inside(let fraction) = Self.scale.place(value) else { return .nan }
      return fraction
    }
    #expect(places == places.sorted())
    #expect(places.allSatisfy { (0...1).contains($0) })
  }

  @Test(arguments: [(-9...1, [-9, -7, -5, -3, -1, 1]), (-3...0, [-2, 0]), (0...1, [1])])
  func `every second power of ten is labelled, the highest always`(
    _ exponents: ClosedRange<Int>, _ ticks: [Int]
  ) {
    #expect(LogScale(exponents).ticks == ticks)
  }
}
