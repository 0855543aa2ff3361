#if SANITIZED
  #if canImport(Glibc)
    import Glibc
  #elseif canImport(Musl)
    import Musl
  #elseif canImport(Darwin)
    import Darwin
  #endif

  /// A value that one thread at a time may touch, with the interface of `Mutex`.
  ///
  /// The thread sanitizer sees no order in what `Mutex` of the standard library guards on Linux: its locks are not
  /// instrumented, and every guarded access would be told as a race. It does see the locks of pthreads. Only builds of
  /// `Tools/sanitizers.sh` have this type.
  ///
  /// `@unchecked Sendable` because the value is touched under the lock alone.
  @safe package final class Lock<Value>: @unchecked Sendable {
    private let handle: UnsafeMutablePointer<pthread_mutex_t>
    private var value: Value

    /// Guards a value.
    package init(_ value: consuming sending Value) {
      unsafe handle = .allocate(capacity: 1)
      unsafe pthread_mutex_init(handle, nil)
      self.value = value
    }

    deinit {
      unsafe pthread_mutex_destroy(handle)
      unsafe handle.deallocate()
    }

    /// Touches the value while no other thread does.
    package func withLock<Result, Failure: Error>(
      _ body: (inout sending Value) throws(Failure) -> sending Result
    ) throws(Failure) -> sending Result {
      unsafe pthread_mutex_lock(handle)
      defer { unsafe pthread_mutex_unlock(handle) }
      return try body(&value)
    }
  }
#else
  package import Synchronization

  /// A value that one thread at a time may touch.
  package typealias Lock<Value: ~Copyable> = Mutex<Value>
#endif
