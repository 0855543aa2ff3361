@testable import HDF5Worker

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The HDF5 library in this process. A worker reads one file and ends; here it is ended and begun again now and then, because
/// damaged files leave things open.
enum LoadedHDF5 {
  /// So many inputs share one beginning, which takes longer than most of them.
  private static let inputCount = 64

  nonisolated(unsafe) private static var current: Library?
  nonisolated(unsafe) private static var uses = 0

  /// The library for the next input.
  static func library() -> Library {
    unsafe uses += 1
    if let current = unsafe current, unsafe uses % inputCount != 0 { return current }
    if unsafe current != nil { _ = close?() }
    guard let library = Library() else { fatalError("the HDF5 library is missing") }
    unsafe current = library
    return library
  }

  private static let close: (@convention(c) () -> CInt)? = {
    // Loaded already; a worker loads it by the same names.
    for name in ["libhdf5_serial.so.310", "libhdf5_serial.so.200", "libhdf5_serial.so.103", "libhdf5.dylib"] {
      if let library = unsafe dlopen(name, RTLD_NOW | RTLD_NOLOAD),
        let found = unsafe dlsym(library, "H5close")
      {
        return unsafe unsafeBitCast(found, to: (@convention(c) () -> CInt).self)
      }
    }
    return nil
  }()
}
