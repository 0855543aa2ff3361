#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Ends the HDF5 library, which a worker never does: it gives up what a damaged file left open, so that no input meets the
/// remains of another.
enum HDF5Reset {
  private static let close: (@convention(c) () -> CInt)? = {
    // Loaded already; a worker loads it by the same name.
    for name in ["libhdf5_serial.so.310", "libhdf5_serial.so.200", "libhdf5_serial.so.103", "libhdf5.dylib"] {
      if let library = unsafe dlopen(name, RTLD_NOW | RTLD_NOLOAD),
        let found = unsafe dlsym(library, "H5close")
      {
        return unsafe unsafeBitCast(found, to: (@convention(c) () -> CInt).self)
      }
    }
    return nil
  }()

  static func run() { _ = close?() }
}
