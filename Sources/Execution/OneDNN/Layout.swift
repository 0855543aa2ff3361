#if canImport(COneDNN)
  internal import COneDNN

  /// The shape of an array and the order of its elements in memory, as oneDNN describes them.
  ///
  /// `@unchecked Sendable` because of the pointer: what it points to is filled in `init`, only read afterwards (all calls
  /// take it as `const`), and freed with the last reference.
  @safe
  final class Layout: @unchecked Sendable {
    /// At an address of its own, since a call may read it twice: a sum's operand lies as the output does.
    private let descriptor: UnsafeMutablePointer<onednn_descriptor>

    /// Describes an array of given sides in an order such as `dnnl_nchw`.
    convenience init(_ sides: [Int], _ order: dnnl_format_tag_t) throws(ExecutionError) {
      try unsafe self.init("layout of \(sides)") {
        unsafe onednn_descriptor_create($0, Int32(sides.count), sides.map(Int64.init), order)
      }
    }

    /// The layout that a primitive has chosen for one of its arguments.
    convenience init(
      of primitive: const_dnnl_primitive_desc_t, _ argument: dnnl_query_t
    ) throws(ExecutionError) {
      try unsafe self.init("layout of an argument") {
        unsafe onednn_query_descriptor(primitive, argument, $0)
      }
    }

    private init(
      _ work: String, _ create: (UnsafeMutablePointer<onednn_descriptor>) -> dnnl_status_t
    ) throws(ExecutionError) {
      let descriptor = UnsafeMutablePointer<onednn_descriptor>.allocate(capacity: 1)
      unsafe descriptor.initialize(to: onednn_descriptor())
      let status = unsafe create(descriptor)
      if status != dnnl_success { unsafe descriptor.deallocate() }
      try OneDNNLibrary.check(status, work)
      unsafe self.descriptor = descriptor
    }

    deinit {
      unsafe onednn_descriptor_destroy(descriptor)
      unsafe descriptor.deallocate()
    }

    /// The bytes of such an array, padding included.
    var byteCount: Int { unsafe onednn_descriptor_size(descriptor) }

    /// Whether two arrays lie in memory in the same way.
    func matches(_ other: Layout) -> Bool {
      unsafe onednn_descriptor_equal(descriptor, other.descriptor) != 0
    }

    /// The channels that lie side by side in a map of this layout: 1, 8 or 16; `nil` for other orders.
    func block(of sides: [Int]) throws(ExecutionError) -> Int? {
      for block in [16, 8, 1] {
        if matches(try Layout(sides, Activation.order(block: block))) { return block }
      }
      return nil
    }

    /// Lends the descriptor to a call.
    func withDescriptor<Result>(_ body: (UnsafePointer<onednn_descriptor>) -> Result) -> Result {
      unsafe body(descriptor)
    }
  }
#endif
