#if canImport(COneDNN)
  import Architectures
  internal import COneDNN

  /// One step of a compiled network, bound to its memory.
  @safe
  enum Pass {
    /// A primitive of oneDNN.
    case primitive(BoundPrimitive)
    /// Element-wise operations.
    case chain([onednn_step], onednn_chain)
    /// Means and maxima of channels.
    case channelPool(onednn_pool)
    /// Maximum and mean over the channels.
    case statistics(onednn_statistics)
    /// A convolution from few maps to one.
    case gate(onednn_gate)
    /// ECA's convolution along the channels.
    case channelConvolution(ChannelConvolutionPass)
    /// A pool that oneDNN does not have.
    case windowPool(WindowPoolPass)
    /// The output of a node, to be shown to the caller.
    case observe(node: Int, UnsafePointer<Float>, count: Int)

    /// Computes; what is to be shown is not.
    func run(_ stream: Stream) throws(ExecutionError) {
      switch self {
      case .primitive(let primitive): try primitive.run(stream)
      case .chain(let steps, let chain):
        unsafe steps.withUnsafeBufferPointer { steps in
          var chain = unsafe chain
          unsafe chain.steps = steps.baseAddress
          unsafe chain.count = Int64(steps.count)
          unsafe onednn_run_chain(&chain)
        }
      case .channelPool(var pool): unsafe onednn_run_pool(&pool)
      case .statistics(var statistics): unsafe onednn_run_statistics(&statistics)
      case .gate(var gate): unsafe onednn_run_gate(&gate)
      case .channelConvolution(let pass): pass.run()
      case .windowPool(let pass): pass.run()
      case .observe: break
      }
    }
  }

  /// ECA's convolution along the channels of vectors in row-major order; too small for threads.
  @safe
  struct ChannelConvolutionPass {
    let layer: ChannelConvolution
    let images: Int
    let channels: Int
    let input: UnsafePointer<Float>
    let output: UnsafeMutablePointer<Float>
    let weight: [Float]
    let bias: [Float]

    func run() {
      let reach = layer.kernel / 2
      for image in 0..<images {
        let row = image * channels
        for channel in 0..<channels {
          let kernel = layer.channels == nil ? 0 : channel
          var sum = bias.isEmpty ? 0 : bias[kernel]
          for tap in 0..<layer.kernel {
            var source = channel + tap - reach
            if layer.edge == .circular { source = (source + channels) % channels }
            guard source >= 0, source < channels else { continue }
            unsafe sum += weight[kernel * layer.kernel + tap] * input[row + source]
          }
          unsafe output[row + channel] = sum
        }
      }
    }
  }

  /// A mean over windows where padding counts but what ceil mode adds beyond it does not: oneDNN counts both or neither.
  @safe
  struct WindowPoolPass {
    let pool: Pool
    /// The input, [N, C, H, W] in row-major order.
    let input: UnsafePointer<Float>
    let inputSides: [Int]
    /// The output in row-major order.
    let output: UnsafeMutablePointer<Float>
    let outputSides: [Int]

    func run() {
      let (height, width) = (inputSides[2], inputSides[3])
      for plane in 0..<(inputSides[0] * inputSides[1]) {
        for row in 0..<outputSides[2] {
          for column in 0..<outputSides[3] {
            let top = row * pool.stride - pool.padding
            let left = column * pool.stride - pool.padding
            let bottom = min(top + pool.kernel, height + pool.padding)
            let right = min(left + pool.kernel, width + pool.padding)
            var sum = 0.0
            for y in max(top, 0)..<min(bottom, height) {
              for x in max(left, 0)..<min(right, width) {
                unsafe sum += Double(input[(plane * height + y) * width + x])
              }
            }
            let target = (plane * outputSides[2] + row) * outputSides[3] + column
            unsafe output[target] = Float(sum / Double((bottom - top) * (right - left)))
          }
        }
      }
    }
  }
#endif
