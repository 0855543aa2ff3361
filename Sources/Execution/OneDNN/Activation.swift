#if canImport(COneDNN)
  internal import COneDNN

  /// Where an array lies: in the arena of a run, or among the weights.
  enum Place: Sendable {
    /// The arena's value of that number.
    case arena(Int)
    /// Memory that does not change.
    case constant(SlabPart)

    /// Whether two places are the same value of the arena.
    static func == (left: Place, right: Place) -> Bool {
      if case (.arena(let left), .arena(let right)) = (left, right) { left == right } else { false }
    }

    static func != (left: Place, right: Place) -> Bool { !(left == right) }
  }

  /// The addresses of places, once the arena exists.
  @safe
  struct Binding {
    /// The memory of all values of a run.
    let arena: Slab
    /// The offset of each value.
    let offsets: [Int]

    /// The first byte of a place.
    func address(_ place: Place) -> UnsafeMutableRawPointer {
      switch place {
      case .arena(let value): unsafe arena.address + offsets[value]
      case .constant(let part): unsafe part.address
      }
    }

    /// The first number of a place.
    func floats(_ place: Place) -> UnsafeMutablePointer<Float> {
      unsafe address(place).assumingMemoryBound(to: Float.self)
    }
  }

  /// A value between two passes: its shape and where and how it lies in memory.
  struct Activation: Sendable {
    /// [N, C, H, W] or [N, C].
    var shape: [Int]
    /// Where it lies.
    var place: Place
    /// How it lies, as four sides.
    var layout: Layout
    /// The channels side by side: 1 (NCHW), 8 or 16.
    var block: Int

    /// The shape as four sides: [N, C, 1, 1] for a vector.
    var sides: [Int] { Self.sides(of: shape) }

    /// A shape as four sides.
    static func sides(of shape: [Int]) -> [Int] {
      shape + Array(repeating: 1, count: max(0, 4 - shape.count))
    }

    /// Height times width.
    var positions: Int { sides[2] * sides[3] }

    /// Whether the elements lie in row-major order without gaps.
    var isPlain: Bool { block == 1 || positions == 1 && sides[1].isMultiple(of: block) }

    /// The map as the kernels see it.
    func map(_ binding: Binding) -> onednn_map {
      let plane = positions * block
      let blocks = (sides[1] + block - 1) / block
      return unsafe onednn_map(
        data: binding.floats(place), image: Int64(blocks * plane), plane: Int64(plane),
        block: Int64(block))
    }

    /// oneDNN's name of an order of channels.
    static func order(block: Int) -> dnnl_format_tag_t {
      switch block {
      case 16: dnnl_nChw16c
      case 8: dnnl_nChw8c
      default: dnnl_nchw
      }
    }
  }
#endif
