import SystemPackage

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Files without a name, which the system frees however the process ends.
enum UnnamedFile {
  /// Opens a file without a name in a directory; `nil` where the file system knows none.
  static func open(in directory: FilePath, permissions: FilePermissions) -> FileDescriptor? {
    #if os(Linux)
      // Linux 3.11, asm-generic/fcntl.h: O_TMPFILE is __O_TMPFILE | O_DIRECTORY.
      let temporaryFile: CInt = 0o20_000_000 | O_DIRECTORY
      return try? FileDescriptor.open(
        directory, .readWrite, options: [.init(rawValue: temporaryFile), .closeOnExec],
        permissions: permissions)
    #else
      return nil
    #endif
  }

  /// Gives such a file a name; `false` where the name exists.
  static func link(_ descriptor: FileDescriptor, as path: FilePath) throws(Errno) -> Bool {
    // Without a privilege, naming such a file goes through /proc (open(2), "O_TMPFILE").
    let source = "/proc/self/fd/\(descriptor.rawValue)"
    let result = unsafe path.withPlatformString { to in
      unsafe linkat(AT_FDCWD, source, AT_FDCWD, to, AT_SYMLINK_FOLLOW)
    }
    if result == 0 { return true }
    guard errno == EEXIST else { throw Errno(rawValue: errno) }
    return false
  }
}
