#if canImport(COneDNN)
  internal import COneDNN

  /// The processor as oneDNN sees it, and the translation of the library's failures.
  ///
  /// `@unchecked Sendable` because of the engine's handle: it is written once, in `init`, and never destroyed. An engine
  /// describes a device; what a computation changes is the scratch memory and the stream that each run brings along
  /// (oneDNN Developer Guide, "Basic Concepts"), so several threads may create and run primitives of one engine.
  @safe
  final class OneDNNLibrary: @unchecked Sendable {
    /// The one engine of this process; engines hold no state of a run.
    static let shared: Result<OneDNNLibrary, ExecutionError> = Result { () throws(ExecutionError) in
      try OneDNNLibrary()
    }

    let engine: dnnl_engine_t
    /// The channels side by side that convolutions like best: 16, 8 or 1.
    let block = Int(onednn_preferred_block())

    private init() throws(ExecutionError) {
      var engine: dnnl_engine_t?
      try unsafe Self.check(dnnl_engine_create(&engine, dnnl_cpu, 0), "engine")
      unsafe self.engine = try Self.made(engine, "engine")
    }

    /// Turns a status other than success into an error that names what was being done.
    static func check(_ status: dnnl_status_t, _ work: String) throws(ExecutionError) {
      guard status == dnnl_success else {
        throw ExecutionError(
          .engineFailure, "\(work): oneDNN reported status \(status.rawValue)",
          hint: "the reference engine computes the same, slower")
      }
    }

    /// An object that the library has just created.
    static func made<Object>(_ object: Object?, _ work: String) throws(ExecutionError) -> Object {
      guard let object else { throw ExecutionError(.engineFailure, "\(work): oneDNN created nothing") }
      return object
    }

    /// Calls `body` with so many threads for oneDNN's parallel regions, and puts back what was set before.
    static func withThreads<Result>(
      _ count: Int, _ body: () throws(ExecutionError) -> Result
    ) throws(ExecutionError) -> Result {
      let before = onednn_threads()
      onednn_set_threads(Int32(clamping: count))
      defer { onednn_set_threads(before) }
      return try body()
    }
  }
#endif
