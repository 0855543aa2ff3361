import Architectures

/// Whether a source module can be a layer of a network, by kind and shape.
struct ModuleFit: Hashable {
  /// How the source arranges the weight.
  var layout: Layout?
  /// Whether all shapes agree. Otherwise only sizes that no catalog knows beforehand differ, or a bias is absent.
  var isExact: Bool
}

/// Which source modules can be which layers.
struct FitTable {
  /// For each layer and each source module; `nil` where it cannot be.
  private let fits: [[ModuleFit?]]

  /// Compares all layers with all source modules.
  ///
  /// Where sizes vary, hidden widths of attention modules, kernels of gates, and the numbers of classes and of input
  /// channels may be others than the network's.
  init(
    _ layers: [CanonicalModule], _ modules: [SourceModule], _ framework: Framework, sizesVary: Bool
  ) {
    let kinds = modules.map(\.kind)
    fits = layers.map { layer in
      guard let weight = layer.weight else { return modules.map { _ in nil } }
      let varies = sizesVary && Self.hasUnknownSizes(layer.path)
      let hasBias = layer.parameters.contains { $0.role == .bias }
      let shapes = ([nil] + Layout.ofDialects.filter { $0 != .flippedInputs }).map { layout in
        (layout: layout, arrangement: DialectMapping.arrangement(of: weight, layout: layout, framework))
      }.filter { $0.layout == nil || $0.arrangement.layouts.first == $0.layout }
      return zip(modules, kinds).map { module, kind in
        guard let kind, (kind == .norm) == layer.isNorm, let found = module.leaves["weight"]?.shape else {
          return nil
        }
        for (layout, arrangement) in shapes {
          let isSame = found == arrangement.shape
          guard isSame || (varies && Self.isAlike(found, arrangement.shape)) else { continue }
          return ModuleFit(
            layout: layout, isExact: isSame && (layer.isNorm || hasBias == (module.leaves["bias"] != nil)))
        }
        return nil
      }
    }
  }

  subscript(layer: Int, module: Int) -> ModuleFit? { fits[layer][module] }

  private static func hasUnknownSizes(_ path: String) -> Bool {
    path.contains("attention.") || path.hasPrefix("head") || path.hasPrefix("final")
      || path.hasPrefix("stem.conv")
  }

  /// Whether shapes may be those of one layer in two variants: vectors of any length, kernels of ECA of any length, and
  /// otherwise other channels or another kernel, not both.
  private static func isAlike(_ left: [Int], _ right: [Int]) -> Bool {
    guard left.count == right.count else { return false }
    let shared = zip(left, right).filter { $0 == $1 }.map(\.0)
    return switch left.count {
    case 1, 3: true
    case 4: shared.count >= 2 && shared.contains { $0 > 1 }
    default: shared.contains { $0 > 1 }
    }
  }
}
