import Architectures

/// Mistakes of strides, padding and pools.
extension KnownFault.Mistake {
  /// A bottleneck whose 1x1 and 3x3 convolutions come first and second; depthwise ones never lose their stride.
  static func stride(_ position: ResNet.StridePosition, _ graph: Graph) -> [FaultSite] {
    sites(graph) { index, node in
      guard node.name.hasSuffix(".conv1"), graph.index(of: node.part + ".conv3") != nil,
        let second = graph.index(of: node.part + ".conv2"), case .convolution(var before) = node.operation,
        case .convolution(var behind) = graph.nodes[second].operation, !behind.isDepthwise
      else { return nil }
      let (from, to) = position == .conv1 ? (behind.stride, before.stride) : (before.stride, behind.stride)
      guard from != Extent(1), to == Extent(1) else { return nil }
      swap(&before.stride, &behind.stride)
      var edit = GraphEdit()
      edit.replaced[index] = node.computing(.convolution(before))
      edit.replaced[second] = graph.nodes[second].computing(.convolution(behind))
      return FaultSite(node.part, edit)
    }
  }

  static func padding(_ style: KnownFault.PaddingStyle, _ graph: Graph) -> [FaultSite] {
    sites(graph) { index, node in
      switch node.operation {
      case .convolution(var layer):
        let symmetric = Padding.symmetric(layer)
        let (from, to) = style == .symmetric ? (.same, symmetric) : (symmetric, Padding.same)
        guard layer.stride != Extent(1), layer.kernel != Extent(1), layer.padding == from else { return nil }
        layer.padding = to
        return FaultSite(node.module, index, node, becomes: .convolution(layer))
      case .maxPool(var pool):
        // In ceil mode a window may reach beyond the far sides of the map only.
        let (symmetric, asymmetric) = ((pool.kernel / 2, false), (0, true))
        let (from, to) = style == .symmetric ? (asymmetric, symmetric) : (symmetric, asymmetric)
        guard pool.stride > 1, (pool.padding, pool.ceilMode) == from else { return nil }
        (pool.padding, pool.ceilMode) = to
        return FaultSite(node.module, index, node, becomes: .maxPool(pool))
      default: return nil
      }
    }
  }

  static func headPool(_ pool: ResNet.HeadPool, _ graph: Graph) -> [FaultSite] {
    sites(graph) { index, node in
      guard node.name == "head.pool" else { return nil }
      switch (node.operation, pool) {
      case (.averagePool, .adaptive): return FaultSite(node.module, index, node, becomes: .globalAveragePool)
      case (.globalAveragePool, .fixed(let kernel, let stride)):
        return FaultSite(
          node.module, index, node, becomes: .averagePool(Pool(kernel: kernel, stride: stride)))
      default: return nil
      }
    }
  }

  static func dilation(_ dilation: Int, _ graph: Graph) -> [FaultSite] {
    sites(graph) { index, node in
      guard node.name.contains("attention.spatial.dilated."), case .convolution(var layer) = node.operation,
        layer.dilation != Extent(dilation), layer.padding == Padding(layer.dilation.height)
      else { return nil }
      layer.dilation = Extent(dilation)
      layer.padding = Padding(dilation)
      return FaultSite(node.module, index, node, becomes: .convolution(layer))
    }
  }

  /// Activations of the backbone; no code base limits those of attention.
  static func limitedActivation(_ isLimited: Bool, _ graph: Graph) -> [FaultSite] {
    sites(graph) { index, node in
      guard node.operation == (isLimited ? .relu : .relu6), !node.isInAttention else { return nil }
      return FaultSite(node.module, index, node, becomes: isLimited ? .relu6 : .relu)
    }
  }
}

extension Padding {
  /// Half the kernel on all sides.
  static func symmetric(_ layer: Convolution) -> Padding {
    let (rows, columns) = (layer.kernel.height / 2, layer.kernel.width / 2)
    return Padding(top: rows, left: columns, bottom: rows, right: columns)
  }
}
