import Synchronization
import SystemPackage

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// What a signal that ends the process (Ctrl-C, a closed terminal, `kill`) has to remove first.
///
/// Only files that have a temporary name need this; see ``AtomicFile``. The signal can come at any moment, on any
/// thread, and more than once; a thread may be between making a file and writing its name down. So files are made
/// with ``creating(_:)``, which the handler waits for.
public enum InterruptCleanup {
  /// A file with a temporary name, to be removed. Its place holds the address of a C string, or 0; whoever takes the
  /// address out by an exchange owns the string.
  struct Registration {
    fileprivate let place: Int
  }

  /// Files with temporary names that a process writes at the same time; those beyond are not removed.
  private static let placeCount = 64

  private static let places = SharedNumbers(count: placeCount)

  /// Whether the process is ending.
  private static let hasBegun = Atomic<Bool>(false)

  /// Threads that are making a file.
  private static let creations = Atomic<Int>(0)

  /// Makes SIGHUP, SIGINT and SIGTERM remove temporary files and end the process with `128 + signal`, where they are
  /// not ignored, and SIGXFSZ nothing: a file that grows beyond the limit of the process is an ordinary error.
  ///
  /// The handler calls only `unlink`, `nanosleep`, `pause` and `_exit`, which are safe in one (signal-safety(7)).
  public static func install() {
    SignalAction.ignore(SIGXFSZ)
    // Initializes the static property, which a signal handler must not do.
    _ = places
    for number in [SIGHUP, SIGINT, SIGTERM] where !SignalAction.isIgnored(number) {
      SignalAction.handle(number) { received in
        // A second signal on another thread waits until the first has done its work and ended the process.
        if InterruptCleanup.hasBegun.exchange(true, ordering: .sequentiallyConsistent) {
          while true { pause() }
        }
        InterruptCleanup.waitForCreations()
        InterruptCleanup.removeAll()
        _exit(128 + received)
      }
    }
  }

  /// Calls a function that makes a file and registers it, or removes it again, so that no signal comes in between.
  static func creating<Result, Failure>(_ body: () throws(Failure) -> Result) throws(Failure) -> Result {
    // Where the handler ran on this thread, it would wait for itself.
    var signals = sigset_t()
    var before = sigset_t()
    unsafe sigemptyset(&signals)
    for number in [SIGHUP, SIGINT, SIGTERM] { unsafe sigaddset(&signals, number) }
    unsafe pthread_sigmask(SIG_BLOCK, &signals, &before)
    creations.add(1, ordering: .sequentiallyConsistent)
    if hasBegun.load(ordering: .sequentiallyConsistent) {
      creations.subtract(1, ordering: .sequentiallyConsistent)
      while true { pause() }
    }
    defer {
      creations.subtract(1, ordering: .sequentiallyConsistent)
      unsafe pthread_sigmask(SIG_SETMASK, &before, nil)
    }
    return try body()
  }

  /// Writes down a file to be removed; `nil` where there are too many.
  static func register(_ path: FilePath) -> Registration? {
    let copy = unsafe path.withPlatformString { unsafe strdup($0) }
    for place in 0..<placeCount {
      if places.claim(place, UInt(bitPattern: copy)) { return Registration(place: place) }
    }
    unsafe free(copy)
    return nil
  }

  /// Forgets a file that was removed or has its final name.
  static func clear(_ registration: Registration?) {
    guard let registration else { return }
    unsafe free(take(registration.place))
  }

  private static func waitForCreations() {
    var pause = timespec(tv_sec: 0, tv_nsec: 100_000)
    while creations.load(ordering: .sequentiallyConsistent) > 0 { _ = unsafe nanosleep(&pause, nil) }
  }

  private static func removeAll() {
    for place in 0..<placeCount {
      if let path = unsafe take(place) { _ = unsafe unlink(path) }
    }
  }

  private static func take(_ place: Int) -> UnsafeMutablePointer<CChar>? {
    unsafe UnsafeMutablePointer(bitPattern: places.exchange(place, 0))
  }
}
