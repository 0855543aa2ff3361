#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// What a process does when a signal comes (sigaction(2)).
enum SignalAction {
  /// Whether whoever started the process had it ignore a signal, as `nohup` and the shells' `&` in scripts do.
  static func isIgnored(_ signal: CInt) -> Bool {
    var action = sigaction()
    guard unsafe sigaction(signal, nil, &action) == 0 else { return false }
    return unsafe unsafeBitCast(Self.handler(of: action), to: UInt.self)
      == unsafeBitCast(SIG_IGN, to: UInt.self)
  }

  /// Lets a signal pass: what caused it fails with an error number instead.
  static func ignore(_ number: CInt) { signal(number, SIG_IGN) }

  /// Calls a function when a signal comes. No other signal interrupts it on its thread.
  static func handle(_ signal: CInt, _ handler: @escaping @convention(c) (CInt) -> Void) {
    var action = sigaction()
    #if canImport(Glibc)
      unsafe action.__sigaction_handler.sa_handler = handler
    #elseif canImport(Musl)
      unsafe action.__sa_handler.sa_handler = handler
    #elseif canImport(Darwin)
      unsafe action.__sigaction_u.__sa_handler = handler
    #endif
    action.sa_flags = SA_RESTART
    unsafe sigfillset(&action.sa_mask)
    _ = unsafe sigaction(signal, &action, nil)
  }

  /// Calls a function when memory cannot be read.
  static func handleFaults(
    _ number: CInt,
    _ handler:
      @escaping @convention(c) (CInt, UnsafeMutablePointer<siginfo_t>?, UnsafeMutableRawPointer?) ->
      Void
  ) {
    var action = sigaction()
    #if canImport(Glibc)
      unsafe action.__sigaction_handler.sa_sigaction = handler
    #elseif canImport(Musl)
      unsafe action.__sa_handler.sa_sigaction = handler
    #elseif canImport(Darwin)
      unsafe action.__sigaction_u.__sa_sigaction = handler
    #endif
    action.sa_flags = SA_SIGINFO
    unsafe sigfillset(&action.sa_mask)
    _ = unsafe sigaction(number, &action, nil)
  }

  /// The address that could not be read.
  static func faultAddress(_ information: UnsafeMutablePointer<siginfo_t>) -> UInt {
    #if canImport(Glibc)
      unsafe UInt(bitPattern: information.pointee._sifields._sigfault.si_addr)
    #elseif canImport(Musl)
      unsafe UInt(bitPattern: information.pointee.__si_fields.__sigfault.si_addr)
    #elseif canImport(Darwin)
      unsafe UInt(bitPattern: information.pointee.si_addr)
    #endif
  }

  private static func handler(of action: sigaction) -> (@convention(c) (CInt) -> Void)? {
    #if canImport(Glibc)
      unsafe action.__sigaction_handler.sa_handler
    #elseif canImport(Musl)
      unsafe action.__sa_handler.sa_handler
    #elseif canImport(Darwin)
      unsafe action.__sigaction_u.__sa_handler
    #endif
  }
}
