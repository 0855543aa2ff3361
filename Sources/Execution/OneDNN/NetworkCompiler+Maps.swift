#if canImport(COneDNN)
  import Architectures
  internal import COneDNN

  extension NetworkCompiler {
    /// A chain of element-wise operations.
    mutating func compileChain(_ step: FusedStep) throws(ExecutionError) {
      let sides = Activation.sides(of: shapes[step.output])
      var links: [Link] = [Link(onednn_load, try activation(step.source))]
      for operation in step.epilogue {
        switch operation {
        case .relu: links.append(Link(onednn_relu))
        case .relu6: links.append(Link(onednn_relu6))
        case .sigmoid: links.append(Link(onednn_sigmoid))
        case .multiply(let source): links.append(Link(onednn_multiply, try activation(source)))
        case .add(let source): links.append(Link(onednn_add, try activation(source)))
        case .norm(let node): links += try normLinks(node)
        case .normWeightScale(let node): links.append(try normWeightLink(node))
        case .addScalar(let value):
          links.append(
            try vectorLink(onednn_add, "constant \(value)") { () throws(ExecutionError) in [value] })
        }
      }
      // The output takes the layout of the first operand that has its shape.
      let model = links.compactMap(\.operand).first { $0.sides == sides }
      let block = model?.block ?? 1
      let layout = try Layout(sides, Activation.order(block: block))
      var reused: Activation?
      for index in links.indices {
        guard let operand = links[index].operand else { continue }
        let name = graph.nodes[step.output].name
        links[index].spread = try Self.spread(
          operand.sides, over: sides, isConstant: links[index].isConstant, name)
        guard operand.sides == sides, !links[index].isConstant else { continue }
        if operand.layout.matches(layout) {
          // Each element is read before it is written.
          if reused == nil, endsHere(operand),
            !links.contains(where: { $0.isOtherView(of: operand, than: sides) })
          {
            reused = operand
          }
        } else {
          links[index].operand = try reordered(operand, layout, block: block)
        }
      }
      let output = store(step.output, layout, block: block, reusing: reused)
      let finished = links
      draft { binding in
        let steps = unsafe finished.map { link in
          var map = unsafe onednn_map()
          if let operand = link.operand {
            unsafe map = unsafe operand.map(binding)
            if link.isConstant { unsafe map.image = 0 }
          }
          return unsafe onednn_step(
            operation: Int32(bitPattern: link.operation.rawValue),
            spread: Int32(bitPattern: link.spread.rawValue),
            operand: map)
        }
        return unsafe .chain(
          steps,
          onednn_chain(
            steps: nil, count: 0, images: Int64(sides[0]), channels: Int64(sides[1]),
            positions: Int64(sides[2] * sides[3]), output: output.map(binding)))
      }
    }

    /// One operation of a chain.
    private struct Link {
      var operation: onednn_operation
      var operand: Activation?
      var spread = onednn_full
      /// Whether the operand is a weight: the same for all images.
      var isConstant = false

      init(_ operation: onednn_operation, _ operand: Activation? = nil) {
        self.operation = operation
        self.operand = operand
      }

      /// Whether the operand is the same memory, read in another way than element by element.
      func isOtherView(of value: Activation, than sides: [Int]) -> Bool {
        operand.map { $0.place == value.place && $0.sides != sides } ?? false
      }
    }

    private mutating func normLinks(_ node: Int) throws(ExecutionError) -> [Link] {
      guard let norm = norm(node) else { return [] }
      let packed = packed
      return [
        try vectorLink(onednn_multiply, norm.module + " scale") { () throws(ExecutionError) in
          try packed.factors(norm).scale
        },
        try vectorLink(onednn_add, norm.module + " shift") { () throws(ExecutionError) in
          try packed.factors(norm).shift
        },
      ]
    }

    /// |weight[c]| / sum |weight|.
    private mutating func normWeightLink(_ node: Int) throws(ExecutionError) -> Link {
      guard case .normWeightScale(let scale) = graph.nodes[node].operation else {
        throw ExecutionError(.engineFailure, "\(graph.nodes[node].name): found another operation")
      }
      let packed = packed
      return try vectorLink(onednn_multiply, scale.weightName + " share") { () throws(ExecutionError) in
        let weight = try packed.values(scale.weightName).map(abs)
        let sum = weight.reduce(0, +)
        return weight.map { $0 / sum }
      }
    }

    private mutating func vectorLink(
      _ operation: onednn_operation, _ name: String, _ compute: () throws(ExecutionError) -> [Double]
    ) throws(ExecutionError) -> Link {
      let part = try packed.vector(name, compute)
      let sides = [1, part.count, 1, 1]
      var link = Link(
        operation,
        Activation(shape: sides, place: constant(part.part), layout: try Layout(sides, dnnl_nchw), block: 1))
      link.isConstant = true
      return link
    }

    /// How an operand is spread over the output; sizes of 1 are repeated.
    private static func spread(
      _ operand: [Int], over output: [Int], isConstant: Bool, _ name: String
    ) throws(ExecutionError) -> onednn_spread {
      if operand == output, !isConstant { return onednn_full }
      let isVector = operand[2] == 1 && operand[3] == 1
      let hasPositions = operand[2] == output[2] && operand[3] == output[3]
      switch (operand[1] == output[1], operand[1] == 1) {
      case (true, _) where isVector: return onednn_channels
      case (_, true) where isVector: return onednn_images
      case (_, true) where hasPositions: return onednn_positions
      default:
        throw ExecutionError(
          .engineFailure,
          "\(name): found an operand of shape \(operand) for a result of shape \(output), which this "
            + "engine cannot spread", hint: "the reference engine can")
      }
    }

    /// Means and maxima of channels.
    mutating func compileChannelPool(
      mean: Int?, maximum: Int?, isSquare: Bool, _ step: FusedStep
    ) throws(ExecutionError) {
      let source = try activation(step.source)
      let sides = source.sides
      let layout = try Layout([sides[0], sides[1], 1, 1], dnnl_nchw)
      let meanOutput = mean.map { store($0, layout, block: 1) }
      let maximumOutput = maximum.map { store($0, layout, block: 1) }
      draft { binding in
        let mean = unsafe meanOutput.map { unsafe binding.floats($0.place) }
        let maximum = unsafe maximumOutput.map { unsafe binding.floats($0.place) }
        return unsafe .channelPool(
          onednn_pool(
            input: source.map(binding), images: Int64(sides[0]), channels: Int64(sides[1]),
            rows: Int64(sides[2]), columns: Int64(isSquare ? sides[2] : sides[3]), width: Int64(sides[3]),
            mean: mean,
            maximum: maximum))
      }
    }

    /// Maximum and mean over the channels.
    mutating func compileStatistics(factor: Node.Source?, _ step: FusedStep) throws(ExecutionError) {
      let source = try activation(step.source)
      let sides = source.sides
      var factors: Activation?
      if let factor { factors = try plain(activation(factor)) }
      let output = store(step.output, try Layout([sides[0], 2, sides[2], sides[3]], dnnl_nchw), block: 1)
      draft { [factors] binding in
        let factor = unsafe factors.map { unsafe UnsafePointer(binding.floats($0.place)) }
        return unsafe .statistics(
          onednn_statistics(
            input: source.map(binding), factor: factor, images: Int64(sides[0]),
            channels: Int64(sides[1]), positions: Int64(source.positions),
            output: binding.floats(output.place)))
      }
    }

    /// ECA's convolution along the channels.
    mutating func compileChannelConvolution(
      _ layer: ChannelConvolution, _ step: FusedStep
    ) throws(ExecutionError) {
      let input = try plain(activation(step.source))
      let sides = input.sides
      let module = graph.nodes[step.anchor].module
      let weight = try packed.values(module + ".weight").map(Float.init)
      let bias = layer.hasBias ? try packed.values(module + ".bias").map(Float.init) : []
      let output = store(step.output, try Layout(sides, dnnl_nchw), block: 1)
      draft { binding in
        unsafe .channelConvolution(
          ChannelConvolutionPass(
            layer: layer, images: sides[0], channels: sides[1],
            input: UnsafePointer(binding.floats(input.place)),
            output: binding.floats(output.place), weight: weight, bias: bias))
      }
    }

    /// A pool by windows.
    mutating func compileWindowPool(
      _ pool: Pool, isMaximum: Bool, _ step: FusedStep
    ) throws(ExecutionError) {
      let source = try activation(step.source)
      let sides = shapes[step.output]
      /// What the last window needs behind the map; more than the padding in ceil mode.
      func behind(_ side: Int) -> Int {
        max((sides[side] - 1) * pool.stride + pool.kernel - source.sides[side] - pool.padding, 0)
      }
      let reachesBeyond = behind(2) > pool.padding || behind(3) > pool.padding
      if !isMaximum, pool.countsPadding, pool.padding > 0, reachesBeyond {
        let input = try plain(source)
        let output = store(step.output, try Layout(sides, dnnl_nchw), block: 1)
        draft { binding in
          unsafe .windowPool(
            WindowPoolPass(
              pool: pool, input: UnsafePointer(binding.floats(input.place)),
              inputSides: input.sides, output: binding.floats(output.place),
              outputSides: sides))
        }
        return
      }
      let (kernel, stride, padding) = (Int64(pool.kernel), Int64(pool.stride), Int64(pool.padding))
      var window = onednn_window(
        kernel: (kernel, kernel), strides: (stride, stride), dilations: (0, 0), before: (padding, padding),
        behind: (Int64(behind(2)), Int64(behind(3))))
      let kind =
        isMaximum
        ? dnnl_pooling_max
        : pool.countsPadding && pool.padding > 0
          ? dnnl_pooling_avg_include_padding : dnnl_pooling_avg_exclude_padding
      let layout = try Layout(sides, Activation.order(block: source.block))
      let primitive = try unsafe Primitive(graph.nodes[step.anchor].name) { description, engine, attributes in
        unsafe source.layout.withDescriptor { source in
          unsafe layout.withDescriptor {
            unsafe onednn_pooling_create(description, engine, kind, source, $0, &window, attributes)
          }
        }
      }
      let output = store(step.output, layout, block: source.block)
      try draft(
        primitive, [(DNNL_ARG_SRC, source.place, source.layout), (DNNL_ARG_DST, output.place, output.layout)])
    }

    /// The same numbers under another shape: the same memory where the order allows it.
    mutating func compileReshape(_ step: FusedStep) throws(ExecutionError) {
      let input = try plain(activation(step.source))
      let sides = Activation.sides(of: shapes[step.output])
      let layout = try Layout(sides, dnnl_nchw)
      extend(input, to: step.output)
      register(
        step.output, Activation(shape: shapes[step.output], place: input.place, layout: layout, block: 1))
    }
  }
#endif
