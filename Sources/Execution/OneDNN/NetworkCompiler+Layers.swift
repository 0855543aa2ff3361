#if canImport(COneDNN)
  import Architectures
  internal import COneDNN

  extension NetworkCompiler {
    /// A convolution with its norm folded in and its epilogue fused.
    mutating func compileConvolution(
      _ layer: Convolution, norm: Int?, _ step: FusedStep
    ) throws(ExecutionError) {
      let source = try activation(step.source)
      if Self.isGate(layer, source, step) { return try compileGate(layer, norm: norm, step) }
      let sides = shapes[step.output]
      let name = graph.nodes[step.anchor].name
      // Left to choose all orders, oneDNN 2 takes NHWC, in which it is slower than in blocks.
      let preferred = try OneDNNLibrary.shared.get().block
      // A row-major map (the network's input) may be wanted in another order; a blocked one is taken as it is.
      let sourceLayout = source.block == 1 ? try Layout(source.sides, dnnl_format_tag_any) : source.layout
      let weightSides =
        layer.groups == 1
        ? layer.weightShape
        : [layer.groups, layer.outputChannels / layer.groups] + layer.weightShape.dropFirst()
      let weightLayout = try Layout(weightSides, dnnl_format_tag_any)
      let biasLayout = try Layout([layer.outputChannels], dnnl_a)
      let epilogue = try epilogue(step, reading: source)
      var window = Self.window(layer, input: source.sides)
      func create(_ outputLayout: Layout) throws(ExecutionError) -> Primitive {
        try unsafe Primitive(name, posts: epilogue.posts, operand: epilogue.operand?.layout) {
          description, engine, attributes in
          unsafe sourceLayout.withDescriptor { source in
            unsafe weightLayout.withDescriptor { weight in
              unsafe biasLayout.withDescriptor { bias in
                unsafe outputLayout.withDescriptor { output in
                  unsafe onednn_convolution_create(
                    description, engine, source, weight, bias, output, &window, attributes)
                }
              }
            }
          }
        }
      }
      let free = try Layout(sides, preferred == 1 ? dnnl_nchw : Activation.order(block: preferred))
      var primitive = try create(epilogue.operand?.layout ?? free)
      var block = try primitive.layout(dnnl_query_dst_md).block(of: sides)
      if block == nil {
        // An order that the other passes do not know, for example NHWC.
        primitive = try create(Layout(sides, dnnl_nchw))
        block = 1
      }
      let wantedSource = try primitive.layout(dnnl_query_src_md)
      let wantedBlock = try wantedSource.block(of: source.sides) ?? 1
      let input = try reordered(source, wantedSource, block: wantedBlock)
      let parameters = layerParameters(
        step.anchor, norm: norm, rows: layer.outputChannels,
        columns: layer.weightShape.dropFirst().reduce(1, *),
        hasBias: layer.hasBias)
      let wantedWeight = try primitive.layout(dnnl_query_weights_md)
      let plainWeight = try Layout(weightSides, layer.groups == 1 ? dnnl_oihw : dnnl_goihw)
      let weight = constant(try packed.weight(parameters, plain: plainWeight, wanted: wantedWeight))
      let bias = constant(try packed.bias(parameters))
      let output = store(
        step.output, try primitive.layout(dnnl_query_dst_md), block: block ?? 1, reusing: epilogue.reused)
      try draft(
        primitive,
        [
          (DNNL_ARG_SRC, input.place, input.layout), (DNNL_ARG_WEIGHTS, weight, wantedWeight),
          (DNNL_ARG_BIAS, bias, biasLayout), (DNNL_ARG_DST, output.place, output.layout),
        ] + epilogue.arguments)
    }

    /// Whether a convolution makes one map from few that lie in row-major order, and does no more than gates do.
    private static func isGate(_ layer: Convolution, _ source: Activation, _ step: FusedStep) -> Bool {
      /// Beyond so many inputs the compiled convolutions are faster.
      let few = 4
      return source.block == 1 && layer.inputChannels <= few && layer.outputChannels == 1
        && layer.stride == Extent(1)
        && layer.dilation == Extent(1) && (step.epilogue.isEmpty || step.epilogue == [.sigmoid])
    }

    /// A convolution from few maps to one.
    private mutating func compileGate(
      _ layer: Convolution, norm: Int?, _ step: FusedStep
    ) throws(ExecutionError) {
      let source = try activation(step.source)
      let (inputs, outputs) = (source.sides, shapes[step.output])
      let margins = layer.margins(input: Extent(height: inputs[2], width: inputs[3]))
      let parameters = layerParameters(
        step.anchor, norm: norm, rows: 1, columns: layer.weightShape.reduce(1, *), hasBias: layer.hasBias)
      let plain = try Layout(layer.weightShape, dnnl_oihw)
      let weight = constant(try packed.weight(parameters, plain: plain, wanted: plain))
      let bias = constant(try packed.bias(parameters))
      let output = store(step.output, try Layout(outputs, dnnl_nchw), block: 1)
      draft { binding in
        unsafe .gate(
          onednn_gate(
            input: binding.floats(source.place), weight: binding.floats(weight),
            bias: binding.floats(bias).pointee,
            output: binding.floats(output.place), images: Int64(inputs[0]), channels: Int64(inputs[1]),
            rows: Int64(inputs[2]), columns: Int64(inputs[3]), kernel_rows: Int64(layer.kernel.height),
            kernel_columns: Int64(layer.kernel.width), top: Int64(margins.top),
            left: Int64(margins.left),
            output_rows: Int64(outputs[2]), output_columns: Int64(outputs[3]),
            sigmoid: step.epilogue.isEmpty ? 0 : 1))
      }
    }

    /// A fully connected layer with its norm folded in and its epilogue fused.
    mutating func compileLinear(_ layer: Linear, norm: Int?, _ step: FusedStep) throws(ExecutionError) {
      let input = try plain(activation(step.source))
      let images = input.sides[0]
      let sourceLayout = try Layout([images, layer.inputs], dnnl_ab)
      let weightLayout = try Layout([layer.outputs, layer.inputs], dnnl_format_tag_any)
      let biasLayout = try Layout([layer.outputs], dnnl_a)
      let outputLayout = try Layout([images, layer.outputs], dnnl_ab)
      let epilogue = try epilogue(step, reading: input, as: outputLayout)
      let primitive = try unsafe Primitive(
        graph.nodes[step.anchor].name, posts: epilogue.posts, operand: outputLayout
      ) { description, engine, attributes in
        unsafe sourceLayout.withDescriptor { source in
          unsafe weightLayout.withDescriptor { weight in
            unsafe biasLayout.withDescriptor { bias in
              unsafe outputLayout.withDescriptor { output in
                unsafe onednn_inner_product_create(
                  description, engine, source, weight, bias, output, attributes)
              }
            }
          }
        }
      }
      let parameters = layerParameters(
        step.anchor, norm: norm, rows: layer.outputs, columns: layer.inputs, hasBias: layer.hasBias)
      let wantedWeight = try primitive.layout(dnnl_query_weights_md)
      let plainWeight = try Layout([layer.outputs, layer.inputs], dnnl_ab)
      let weight = constant(try packed.weight(parameters, plain: plainWeight, wanted: wantedWeight))
      let bias = constant(try packed.bias(parameters))
      let output = store(
        step.output, try Layout([images, layer.outputs, 1, 1], dnnl_nchw), block: 1, reusing: epilogue.reused)
      try draft(
        primitive,
        [
          (DNNL_ARG_SRC, input.place, sourceLayout), (DNNL_ARG_WEIGHTS, weight, wantedWeight),
          (DNNL_ARG_BIAS, bias, biasLayout), (DNNL_ARG_DST, output.place, outputLayout),
        ] + epilogue.arguments)
    }

    /// What a layer does before it stores its result.
    private struct Epilogue {
      var posts: [onednn_post_kind] = []
      /// The value that a sum adds.
      var operand: Activation?
      /// The same where the output takes its place.
      var reused: Activation?
      var arguments: [(Int32, Place, Layout)] = []
    }

    /// Translates an epilogue. A sum adds in place where the other value ends here and the layer does not read it.
    private mutating func epilogue(
      _ step: FusedStep, reading source: Activation, as layout: Layout? = nil
    ) throws(ExecutionError) -> Epilogue {
      var result = Epilogue()
      for operation in step.epilogue {
        switch operation {
        case .relu: result.posts.append(onednn_post_relu)
        case .relu6: result.posts.append(onednn_post_relu6)
        case .sigmoid: result.posts.append(onednn_post_sigmoid)
        case .add(let other):
          var operand = try activation(other)
          if layout != nil { operand = try plain(operand) }
          result.operand = operand
          if endsHere(operand), operand.place != source.place {
            result.reused = operand
            result.posts.append(onednn_post_sum)
          } else {
            result.arguments = [
              (onednn_post_argument(Int32(result.posts.count)), operand.place, layout ?? operand.layout)
            ]
            result.posts.append(onednn_post_add)
          }
        case .norm, .normWeightScale, .multiply, .addScalar:
          throw ExecutionError(
            .engineFailure, "\(graph.nodes[step.output].name): found an epilogue that no layer has")
        }
      }
      return result
    }

    private func layerParameters(
      _ anchor: Int, norm: Int?, rows: Int, columns: Int, hasBias: Bool
    ) -> PackedWeights.Layer {
      PackedWeights.Layer(
        module: graph.nodes[anchor].module, hasBias: hasBias, rows: rows, columns: columns,
        norm: norm.flatMap(self.norm))
    }

    /// The norm at a node.
    func norm(_ node: Int) -> PackedWeights.Norm? {
      guard case .batchNorm(let layer) = graph.nodes[node].operation else { return nil }
      return PackedWeights.Norm(
        module: graph.nodes[node].module, epsilon: layer.epsilon, hasScale: layer.hasScale)
    }

    private static func window(_ layer: Convolution, input: [Int]) -> onednn_window {
      let margins = layer.margins(input: Extent(height: input[2], width: input[3]))
      func pair(_ extent: Extent) -> (Int64, Int64) { (Int64(extent.height), Int64(extent.width)) }
      return onednn_window(
        kernel: pair(layer.kernel), strides: pair(layer.stride),
        dilations: (Int64(layer.dilation.height - 1), Int64(layer.dilation.width - 1)),
        before: (Int64(margins.top), Int64(margins.left)),
        behind: (Int64(margins.bottom), Int64(margins.right)))
    }
  }
#endif
