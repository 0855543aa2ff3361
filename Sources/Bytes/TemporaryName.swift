import SystemPackage

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Names for files that are not complete.
enum TemporaryName {
  /// Random, so that two writers stay apart and a leftover of a killed process is never in the way; the
  /// process number would not do, because it is the same in every run of a container.
  static func random(in directory: FilePath) -> FilePath {
    directory.appending(".attnconv-\(String(UInt64.random(in: 0...(.max)), radix: 16)).tmp")
  }

  /// Gives a file its final name.
  static func replace(_ temporary: FilePath, as path: FilePath, overwrite: Bool) throws(Errno) {
    let result = unsafe temporary.withPlatformString { from in
      unsafe path.withPlatformString { to in
        if overwrite { return unsafe rename(from, to) }
        // `link` fails where the name came to exist meanwhile; `rename` would replace it silently.
        if unsafe link(from, to) == 0 {
          // The file is there, whether its other name can be taken away or not.
          _ = unsafe unlink(from)
          return 0
        }
        guard errno != EEXIST else { return -1 }
        return unsafe renameExclusively(from, to)
      }
    }
    guard result == 0 else { throw Errno(rawValue: errno) }
  }

  /// `rename` that fails where the name exists, for file systems without hard links. Where the system knows no such
  /// call, a file that appears in the very moment is replaced.
  private static func renameExclusively(_ from: UnsafePointer<CChar>, _ to: UnsafePointer<CChar>) -> CInt {
    #if canImport(Darwin)
      if unsafe renamex_np(from, to, UInt32(RENAME_EXCL)) == 0 { return 0 }
    #else
      // Not among the functions that Swift sees of the C library (glibc 2.28, musl 1.2.6: `_GNU_SOURCE`); rename(2).
      typealias Rename =
        @convention(c) (
          CInt, UnsafePointer<CChar>, CInt, UnsafePointer<CChar>, CUnsignedInt
        ) -> CInt
      let noReplace: CUnsignedInt = 1
      errno = ENOSYS
      if let symbol = unsafe dlsym(nil, "renameat2") {
        let rename = unsafe unsafeBitCast(symbol, to: Rename.self)
        if unsafe rename(AT_FDCWD, from, AT_FDCWD, to, noReplace) == 0 { return 0 }
      }
    #endif
    guard errno == EINVAL || errno == ENOSYS || errno == ENOTSUP else { return -1 }
    var status = stat()
    if unsafe lstat(to, &status) == 0 {
      errno = EEXIST
      return -1
    }
    return unsafe rename(from, to)
  }
}
