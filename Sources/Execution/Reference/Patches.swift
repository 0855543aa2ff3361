import Architectures

/// Where a convolution's kernel reads its input: one column of `depth` elements per position of the output.
struct Patches: Sendable {
  /// Elements under the kernel: channels of a group * kernel height * kernel width.
  let depth: Int
  /// Positions of the output: height * width.
  let columns: Int

  private let layer: Convolution
  private let margins: Margins
  private let groupChannels: Int
  private let input: Extent
  private let outputWidth: Int

  /// Describes the patches of a layer on an input [N, C, H, W].
  init(_ layer: Convolution, input: [Int], output: Extent) {
    self.layer = layer
    margins = layer.margins(input: Extent(height: input[2], width: input[3]))
    groupChannels = layer.inputChannels / layer.groups
    self.input = Extent(height: input[2], width: input[3])
    outputWidth = output.width
    depth = groupChannels * layer.kernel.height * layer.kernel.width
    columns = output.height * output.width
  }

  /// Some columns as a right factor. Elements are ordered as in the weight: channel, kernel row, kernel
  /// column; what lies in the padding is zero.
  func panels(_ range: Range<Int>, of values: [Double], image: Int, group: Int) -> MatrixProduct.Panels {
    var panels = MatrixProduct.Panels(lines: range.count, depth: depth)
    var target = panels.vectors.mutableSpan
    let source = values.span
    let plane = input.height * input.width
    let kernelSize = layer.kernel.height * layer.kernel.width
    let first = (image * layer.groups + group) * groupChannels * plane
    for (line, column) in range.enumerated() {
      let panel = line / MatrixProduct.tile * depth
      let lane = line % MatrixProduct.tile
      let top = column / outputWidth * layer.stride.height - margins.top
      let left = column % outputWidth * layer.stride.width - margins.left
      for kernelRow in 0..<layer.kernel.height {
        let row = top + kernelRow * layer.dilation.height
        guard 0..<input.height ~= row else { continue }
        for kernelColumn in 0..<layer.kernel.width {
          let column = left + kernelColumn * layer.dilation.width
          guard 0..<input.width ~= column else { continue }
          var from = first + row * input.width + column
          var to = panel + kernelRow * layer.kernel.width + kernelColumn
          for _ in 0..<groupChannels {
            target[to][lane] = source[from]
            from += plane
            to += kernelSize
          }
        }
      }
    }
    return panels
  }
}
