public import SystemPackage

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The right to change files of a directory, which one process has at a time.
///
/// It holds back only those who ask for it too (flock(2)), ends with the process however that ends, and leaves no
/// file behind. File systems without such locks (some on networks) let everybody in: whoever writes must also write
/// whole files (``AtomicFile``).
public enum DirectoryLock {
  /// Waits until nobody else has the right, and calls `body` with it.
  public static func exclusively<Result, Failure>(
    in directory: FilePath, _ body: () throws(Failure) -> Result
  ) throws(Failure) -> Result {
    // Where the directory cannot be opened, nothing can be written to it: `body` says so better.
    let descriptor = try? FileDescriptor.open(
      directory.isEmpty ? "." : directory, .readOnly, options: [.directory, .closeOnExec])
    // Closing the descriptor gives the lock back.
    defer { try? descriptor?.close() }
    if let descriptor {
      while flock(descriptor.rawValue, LOCK_EX) != 0, errno == EINTR {}
    }
    return try body()
  }
}
