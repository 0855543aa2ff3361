import Synchronization
import SystemPackage

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// What an interrupt (Ctrl-C) has to remove before the process ends.
///
/// Only files that have a temporary name need this; see ``AtomicFile``. A process writes one file at a time.
public enum InterruptCleanup {
  /// The address of a C string, or 0; written before the file it names exists.
  ///
  /// Whoever takes the address out by an exchange owns the string: the signal handler can come at any moment
  /// and threads may write files side by side, and yet nobody frees a string that another still uses.
  private static let temporaryPath = Atomic<UInt>(0)

  /// Makes SIGINT and SIGTERM remove the temporary file and end the process with `128 + signal`.
  ///
  /// The handler calls only `unlink` and `_exit`, which are safe in one (signal-safety(7)).
  public static func install() {
    // Initializes the static property, which a signal handler must not do.
    clear()
    for number in [SIGINT, SIGTERM] {
      signal(number) { received in
        if let path = unsafe InterruptCleanup.take() { _ = unsafe unlink(path) }
        _exit(128 + received)
      }
    }
  }

  static func register(_ path: FilePath) {
    let copy = unsafe path.withPlatformString { unsafe strdup($0) }
    unsafe free(exchange(UInt(bitPattern: copy)))
  }

  static func clear() { unsafe free(take()) }

  private static func take() -> UnsafeMutablePointer<CChar>? { unsafe exchange(0) }

  private static func exchange(_ address: UInt) -> UnsafeMutablePointer<CChar>? {
    unsafe UnsafeMutablePointer(
      bitPattern: temporaryPath.exchange(address, ordering: .acquiringAndReleasing))
  }
}
