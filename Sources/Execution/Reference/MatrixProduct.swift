/// Dense matrix products, the time of almost every network.
///
/// Both factors are packed so that the inner loop reads forward through memory and keeps a 4x4 tile of the
/// product in registers; the depth is cut into pieces that stay in cache (Goto and van de Geijn 2008,
/// "Anatomy of high-performance matrix multiplication"). Every element is one sum over the depth in ascending
/// order.
enum MatrixProduct {
  /// Rows and columns of a register tile.
  static let tile = 4
  /// How deep a piece is: 256 tiles of 4 doubles are 8 KiB per panel, a quarter of a usual first-level cache.
  static let pieceDepth = 256

  /// A matrix in panels of four rows (a left factor) or four columns (a right factor), `depth` vectors each.
  /// What a last panel lacks is zero.
  struct Panels: Sendable {
    /// Rows of a left factor, columns of a right one.
    let lines: Int
    /// Columns of a left factor, rows of a right one.
    let depth: Int
    /// Element k of panel p is at `p * depth + k`.
    var vectors: [SIMD4<Double>]

    /// A matrix of zeros.
    init(lines: Int, depth: Int) {
      self.lines = lines
      self.depth = depth
      vectors = Array(repeating: .zero, count: (lines + tile - 1) / tile * depth)
    }

    /// The rows of a row-major matrix as a left factor.
    init(rows: ArraySlice<Double>, count: Int, depth: Int) {
      self.init(lines: count, depth: depth)
      let source = rows.span
      var target = vectors.mutableSpan
      for row in 0..<count {
        let begin = row / tile * depth
        for k in 0..<depth {
          target[begin + k][row % tile] = source[row * depth + k]
        }
      }
    }

    /// The number of panels.
    var panels: Int { (lines + tile - 1) / tile }
  }

  /// The product, row-major, each row beginning with its bias: [rows of left, columns of right].
  static func multiply(_ left: Panels, _ right: Panels, bias: ArraySlice<Double>?) -> [Double] {
    assert(left.depth == right.depth, "depths \(left.depth) and \(right.depth)")
    let depth = left.depth
    // One vector of four columns per row and right panel.
    var product = [SIMD4<Double>](repeating: .zero, count: left.panels * tile * right.panels)
    if let bias {
      for (row, value) in bias.enumerated() {
        for panel in 0..<right.panels { product[row * right.panels + panel] = SIMD4(repeating: value) }
      }
    }
    let leftVectors = left.vectors.span
    let rightVectors = right.vectors.span
    var sums = product.mutableSpan
    for begin in stride(from: 0, to: depth, by: pieceDepth) {
      let end = min(begin + pieceDepth, depth)
      for leftPanel in 0..<left.panels {
        let rows = leftVectors.extracting(leftPanel * depth + begin..<leftPanel * depth + end)
        for rightPanel in 0..<right.panels {
          let columns = rightVectors.extracting(rightPanel * depth + begin..<rightPanel * depth + end)
          let index = leftPanel * tile * right.panels + rightPanel
          multiplyTile(rows, columns, into: &sums, at: index, rowStride: right.panels)
        }
      }
    }
    return unpacked(product, rows: left.lines, columns: right.lines)
  }

  /// Adds a piece of a 4x4 tile of the product.
  @inline(__always)
  private static func multiplyTile(
    _ rows: Span<SIMD4<Double>>, _ columns: Span<SIMD4<Double>>, into sums: inout MutableSpan<SIMD4<Double>>,
    at index: Int, rowStride: Int
  ) {
    var sum0 = sums[index]
    var sum1 = sums[index + rowStride]
    var sum2 = sums[index + 2 * rowStride]
    var sum3 = sums[index + 3 * rowStride]
    for k in 0..<rows.count {
      let row = rows[k]
      let column = columns[k]
      // Not `addingProduct`: without a fused instruction in the baseline that is a call per element.
      sum0 += column * row[0]
      sum1 += column * row[1]
      sum2 += column * row[2]
      sum3 += column * row[3]
    }
    sums[index] = sum0
    sums[index + rowStride] = sum1
    sums[index + 2 * rowStride] = sum2
    sums[index + 3 * rowStride] = sum3
  }

  /// Vectors of four columns as a row-major matrix without the padding.
  private static func unpacked(_ product: [SIMD4<Double>], rows: Int, columns: Int) -> [Double] {
    let panels = (columns + tile - 1) / tile
    let vectors = product.span
    var matrix = [Double](repeating: 0, count: rows * columns)
    var target = matrix.mutableSpan
    for row in 0..<rows {
      for column in 0..<columns {
        target[row * columns + column] = vectors[row * panels + column / tile][column % tile]
      }
    }
    return matrix
  }
}
