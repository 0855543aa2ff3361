/// What a worker process is asked to do with an HDF5 file: its only argument.
///
/// The names are no commands of the program: nothing lists them, and nothing from a file goes into an argument.
/// To read, standard input holds numbers of 64 bits, little-endian: the offset and the size of the HDF5 file in the
/// descriptor, then the addresses of datasets. To write, it holds the ``HDF5Tree`` as JSON.
public enum HDF5Task: String, Sendable {
  /// Writes the ``HDF5Index`` of the file as JSON.
  case index = "__hdf5-index"
  /// Writes for each address the number of the dataset's bytes (64 bits, little-endian) and its bytes.
  case read = "__hdf5-read"
  /// Makes the objects of an ``HDF5Tree`` in the descriptor, an empty file, and keeps room for their data; writes
  /// nothing, or the reason why not as an ``HDF5Index``.
  case layOut = "__hdf5-lay-out"

  /// The variables of a worker's environment, all of them: no plugins (HDF5 User's Guide, "HDF5_PLUGIN_PRELOAD").
  static let environment = ["HDF5_PLUGIN_PRELOAD=::"] + sanitizing

  #if SANITIZED
    /// A worker with a sanitizer fails as others do: signals end it, large allocations fail, though its address space cannot
    /// be limited, and what the HDF5 library does to memory is for the worker to contain.
    private static let sanitizing = ["TSAN_OPTIONS=", "ASAN_OPTIONS="].map {
      $0 + "handle_segv=0:handle_sigbus=0:handle_abort=0:detect_leaks=0:replace_intrin=0:replace_str=0:"
        + "allocator_may_return_null=1:max_allocation_size_mb=1024"
    }
  #else
    private static let sanitizing: [String] = []
  #endif
}
