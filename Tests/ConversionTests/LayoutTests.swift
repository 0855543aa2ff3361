import Checkpoint
import SourceFormats
import TestSupport
import Testing

@testable import Conversion

/// Each arrangement of a weight on numbers that count its elements, forwards and backwards.
@Suite struct LayoutTests {
  struct Case: CustomTestStringConvertible, Sendable {
    var layouts: [Layout]
    var source: [Int]
    var canonical: [Int]
    /// The number of the source's element at each place of the canonical tensor (by NumPy).
    var elements: [UInt8]

    var testDescription: String { layouts.map(\.rawValue).joined(separator: "+") }
  }

  static let cases = [
    Case(layouts: [], source: [2, 2], canonical: [2, 2], elements: [0, 1, 2, 3]),
    // numpy.arange(6).reshape(2, 3).T
    Case(layouts: [.transposed], source: [2, 3], canonical: [3, 2], elements: [0, 3, 1, 4, 2, 5]),
    // numpy.arange(12).reshape(1, 2, 2, 3).transpose(3, 2, 0, 1)
    Case(
      layouts: [.channelsLast], source: [1, 2, 2, 3], canonical: [3, 2, 1, 2],
      elements: [0, 6, 3, 9, 1, 7, 4, 10, 2, 8, 5, 11]),
    // numpy.arange(6).reshape(3, 2, 1).transpose(2, 1, 0)
    Case(
      layouts: [.channelsLast], source: [3, 2, 1], canonical: [1, 2, 3], elements: [0, 2, 4, 1, 3, 5]),
    // numpy.arange(6).reshape(1, 2, 3, 1).transpose(2, 3, 0, 1)
    Case(
      layouts: [.depthwise, .channelsLast], source: [1, 2, 3, 1], canonical: [3, 1, 1, 2],
      elements: [0, 3, 1, 4, 2, 5]),
    // numpy.arange(12).reshape(1, 2, 2, 3).transpose(3, 2, 0, 1)[:, ::-1]
    Case(
      layouts: [.flippedInputs, .channelsLast], source: [1, 2, 2, 3], canonical: [3, 2, 1, 2],
      elements: [3, 9, 0, 6, 4, 10, 1, 7, 5, 11, 2, 8]),
    // numpy.arange(6).reshape(1, 1, 2, 3).transpose(3, 2, 0, 1).reshape(3, 2)
    Case(
      layouts: [.pointwiseConvolution, .channelsLast], source: [1, 1, 2, 3], canonical: [3, 2],
      elements: [0, 3, 1, 4, 2, 5]),
    // numpy.arange(6).reshape(2, 3).T.reshape(3, 2, 1, 1)
    Case(
      layouts: [.linear, .transposed], source: [2, 3], canonical: [3, 2, 1, 1], elements: [0, 3, 1, 4, 2, 5]),
  ]

  private func tensor(_ shape: [Int]) -> SourceTensor {
    SourceTensor(
      path: ["weight"], elementType: .uint8, shape: shape, strides: SourceTensor.contiguousStrides(shape),
      storage: 0)
  }

  @Test(arguments: cases)
  func `an arrangement is a view in both directions`(_ row: Case) throws {
    let (layouts, shape) = row.layouts.applied(canonical: row.canonical)
    #expect(layouts == row.layouts)
    #expect(shape == row.source)
    let numbers = row.elements.indices.map { UInt8($0) }
    let view = row.layouts.canonicalView(of: tensor(row.source))
    #expect(view.shape == row.canonical)
    #expect(try ByteSource(numbers).read(view) == row.elements)
    let back = row.layouts.sourceView(of: tensor(row.canonical))
    #expect(back.shape == row.source)
    #expect(try ByteSource(row.elements).read(back) == numbers)
  }

  @Test func `what does not apply to a shape is left out`() {
    let (layouts, shape) = [Layout.flippedInputs, .channelsLast, .transposed].applied(canonical: [5])
    #expect(layouts == [])
    #expect(shape == [5])
  }
}
