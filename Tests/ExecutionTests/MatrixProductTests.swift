import Testing

@testable import Execution

/// The blocked product against the definition, on both sides of every block's edge.
struct MatrixProductTests {
  static let sizes: [(rows: Int, columns: Int, depth: Int)] = [
    (1, 1, 1), (1, 3, 2), (4, 4, 4), (5, 7, 3), (3, 9, 255), (4, 4, 256), (6, 5, 257), (2, 6, 520),
  ]

  @Test(arguments: sizes)
  func `equals the sum over the depth`(_ size: (rows: Int, columns: Int, depth: Int)) {
    let left = (0..<size.rows * size.depth).map { Double($0 * 7 % 11 - 5) }
    let right = (0..<size.depth * size.columns).map { Double($0 * 5 % 7 - 3) }
    let bias = (0..<size.rows).map { Double($0) }
    var panels = MatrixProduct.Panels(lines: size.columns, depth: size.depth)
    for column in 0..<size.columns {
      for k in 0..<size.depth {
        panels.vectors[column / 4 * size.depth + k][column % 4] = right[k * size.columns + column]
      }
    }
    let product = MatrixProduct.multiply(
      MatrixProduct.Panels(rows: left[...], count: size.rows, depth: size.depth), panels, bias: bias[...])
    var expected: [Double] = []
    for row in 0..<size.rows {
      for column in 0..<size.columns {
        expected.append(
          (0..<size.depth).reduce(bias[row]) {
            $0 + left[row * size.depth + $1] * right[$1 * size.columns + column]
          })
      }
    }
    // Integers: every order of summation is exact.
    #expect(product == expected)
  }

  @Test(arguments: [1, 2, 5])
  func `pieces come back in order`(_ threads: Int) {
    #expect(Workers(count: threads).map(100) { $0 * $0 } == (0..<100).map { $0 * $0 })
    #expect(Workers(count: threads).map(0) { $0 } == [])
  }
}
