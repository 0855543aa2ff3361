#if canImport(COneDNN)
  internal import COneDNN

  /// A computation that oneDNN has compiled for fixed shapes and layouts.
  @safe
  final class Primitive {
    let handle: dnnl_primitive_t
    private let description: dnnl_primitive_desc_t

    /// Compiles what `create` describes.
    ///
    /// An error is about `work`. `posts` are what is done with the result before it is stored, as
    /// `onednn_post_kind`; `operand` is the layout of the array that a sum among them adds.
    init(
      _ work: String, posts: [onednn_post_kind] = [], operand: Layout? = nil,
      _ create: (UnsafeMutablePointer<dnnl_primitive_desc_t?>, dnnl_engine_t, dnnl_primitive_attr_t) ->
        dnnl_status_t
    ) throws(ExecutionError) {
      let engine = unsafe try OneDNNLibrary.shared.get().engine
      var attributes: dnnl_primitive_attr_t?
      let kinds = posts.map { Int32(bitPattern: $0.rawValue) }
      let status =
        if let operand {
          unsafe operand.withDescriptor {
            unsafe onednn_attributes_create(&attributes, kinds, Int32(kinds.count), $0)
          }
        } else {
          unsafe onednn_attributes_create(&attributes, kinds, Int32(kinds.count), nil)
        }
      try OneDNNLibrary.check(status, work)
      let made = unsafe try OneDNNLibrary.made(attributes, work)
      defer { unsafe dnnl_primitive_attr_destroy(made) }
      var description: dnnl_primitive_desc_t?
      try unsafe OneDNNLibrary.check(create(&description, engine, made), work)
      let found = unsafe try OneDNNLibrary.made(description, work)
      var primitive: dnnl_primitive_t?
      do throws(ExecutionError) {
        try unsafe OneDNNLibrary.check(dnnl_primitive_create(&primitive, found), work)
        unsafe handle = try OneDNNLibrary.made(primitive, work)
      } catch {
        unsafe dnnl_primitive_desc_destroy(found)
        throw error
      }
      unsafe self.description = found
    }

    deinit {
      unsafe dnnl_primitive_destroy(handle)
      unsafe dnnl_primitive_desc_destroy(description)
    }

    /// The layout chosen for an argument.
    func layout(_ argument: dnnl_query_t) throws(ExecutionError) -> Layout {
      try unsafe Layout(of: description, argument)
    }

    /// The layout of the memory it needs while it runs.
    var scratch: Layout { get throws(ExecutionError) { try layout(dnnl_query_scratchpad_md) } }

    /// The name of oneDNN's implementation, for measurements.
    var implementation: String {
      var name: UnsafePointer<CChar>?
      let status = unsafe withUnsafeMutablePointer(to: &name) {
        unsafe dnnl_primitive_desc_query(description, dnnl_query_impl_info_str, 0, $0)
      }
      guard status == dnnl_success, let name = unsafe name else { return "unknown" }
      return unsafe String(cString: name)
    }
  }

  /// A primitive together with the memory of its arguments.
  @safe
  final class BoundPrimitive {
    private let primitive: Primitive
    private let arguments: [dnnl_exec_arg_t]

    /// Binds arguments, given as oneDNN's argument number, layout and address. The memory belongs to the caller.
    init(
      _ primitive: Primitive,
      _ arguments: [(argument: Int32, layout: Layout, address: UnsafeMutableRawPointer)]
    ) throws(ExecutionError) {
      self.primitive = primitive
      let engine = unsafe try OneDNNLibrary.shared.get().engine
      var bound = unsafe [dnnl_exec_arg_t]()
      do throws(ExecutionError) {
        for index in unsafe arguments.indices {
          let argument = unsafe arguments[index]
          var memory: dnnl_memory_t?
          try unsafe OneDNNLibrary.check(
            argument.layout.withDescriptor {
              unsafe onednn_memory_create(&memory, $0, engine, argument.address)
            }, "memory")
          unsafe bound.append(dnnl_exec_arg_t(arg: argument.argument, memory: memory))
        }
      } catch {
        unsafe bound.forEach { unsafe dnnl_memory_destroy($0.memory) }
        throw error
      }
      unsafe self.arguments = bound
    }

    deinit {
      unsafe arguments.forEach { unsafe dnnl_memory_destroy($0.memory) }
    }

    /// Runs to the end.
    func run(_ stream: Stream) throws(ExecutionError) {
      try unsafe OneDNNLibrary.check(
        dnnl_primitive_execute(primitive.handle, stream.handle, Int32(arguments.count), arguments),
        "execution")
    }
  }

  /// The queue of one run.
  @safe
  final class Stream {
    let handle: dnnl_stream_t

    init() throws(ExecutionError) {
      let engine = unsafe try OneDNNLibrary.shared.get().engine
      var stream: dnnl_stream_t?
      // 1 is dnnl_stream_in_order, in both versions the default.
      try unsafe OneDNNLibrary.check(dnnl_stream_create(&stream, engine, 1), "stream")
      unsafe handle = try OneDNNLibrary.made(stream, "stream")
    }

    deinit { unsafe dnnl_stream_destroy(handle) }
  }
#endif
