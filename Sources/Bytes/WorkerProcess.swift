public import SystemPackage

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// A child process that reads or fills one open file and answers on a pipe.
///
/// The child gets the file as descriptor 3, a request as standard input, and an environment of the
/// caller's choice; every descriptor that this
/// package opens closes itself. What it writes is untrusted, and its crash is an ordinary value.
///
/// The child may end when the thread that started it does (`PR_SET_PDEATHSIG`, prctl(2)): the work with it is one
/// synchronous call, without an `await` that could go on elsewhere.
@safe public final class WorkerProcess {
  /// How a process ended.
  public enum Ending: Hashable, Sendable {
    /// By itself, with a status.
    case exited(Int32)
    /// By a signal: a crash, or a limit of the operating system.
    case signalled(Int32)
    /// By this program, because nothing came for too long.
    case timedOut
  }

  /// The longest request: pipes of every system take this many bytes at once (`_POSIX_PIPE_BUF` of Linux).
  public static let maximumRequestSize = 4096

  /// The descriptor under which the child finds the file.
  public static let fileDescriptor: CInt = 3

  private let identifier: pid_t
  private let output: FileDescriptor
  private var ending: Ending?

  /// Starts a process that reads a file.
  ///
  /// - Parameters:
  ///   - executable: the program.
  ///   - arguments: its arguments, without its name.
  ///   - environment: its whole environment, as `NAME=value`.
  ///   - file: the file that it may read.
  ///   - request: what it reads from standard input, at most ``maximumRequestSize`` bytes.
  /// - Throws: ``BytesError`` with code `cannotStart`.
  public convenience init(
    _ executable: FilePath, arguments: [String], environment: [String], reading file: InputFile,
    request: [UInt8] = []
  ) throws(BytesError) {
    precondition(request.count <= Self.maximumRequestSize, "a request fits a pipe")
    try self.init(executable, arguments, environment, file: file.rawDescriptor) {
      let (requestOut, requestIn) = try Self.pipe()
      defer { try? requestIn.close() }
      do {
        try requestIn.writeAll(request)
      } catch {
        try? requestOut.close()
        throw error
      }
      return requestOut
    }
  }

  /// Starts a process that fills a file.
  ///
  /// - Parameters:
  ///   - executable: the program.
  ///   - arguments: its arguments, without its name.
  ///   - environment: its whole environment, as `NAME=value`.
  ///   - file: the file that it may read and write.
  ///   - request: what it reads from standard input, of any size.
  /// - Throws: ``BytesError`` with code `cannotStart`.
  public convenience init(
    _ executable: FilePath, arguments: [String], environment: [String], filling file: AtomicFile,
    request: ScratchFile
  ) throws(BytesError) {
    try self.init(executable, arguments, environment, file: file.rawDescriptor) {
      try Self.raised(request.rawDescriptor)
    }
  }

  private init(
    _ executable: FilePath, _ arguments: [String], _ environment: [String], file: CInt,
    input: () throws -> FileDescriptor
  ) throws(BytesError) {
    do {
      // Descriptors above those that the child gets, so that none is overwritten before it is copied.
      let source = try Self.raised(file)
      defer { try? source.close() }
      let request = try input()
      defer { try? request.close() }
      let (answerOut, answerIn) = try Self.pipe()
      defer { try? answerIn.close() }
      do {
        identifier = try Self.spawn(
          executable, [executable.string] + arguments, environment,
          descriptors: [(request, 0), (answerIn, 1), (source, Self.fileDescriptor)])
      } catch {
        try? answerOut.close()
        throw error
      }
      output = answerOut
    } catch {
      throw BytesError(
        .cannotStart, "cannot start a process: \(InputFile.describe(error))", file: executable.string)
    }
  }

  deinit {
    end()
    try? output.close()
  }

  /// Reads what the process writes next, at most `count` bytes; empty at the end.
  ///
  /// - Parameters:
  ///   - count: the most bytes wanted.
  ///   - seconds: how long to wait for the next byte; the process is ended after that.
  /// - Returns: the bytes.
  /// - Throws: ``BytesError`` with code `cannotRead`.
  public func read(_ count: Int, within seconds: Int) throws(BytesError) -> [UInt8] {
    var waiting = pollfd(fd: output.rawValue, events: Int16(POLLIN), revents: 0)
    var ready: CInt
    repeat {
      ready = unsafe poll(&waiting, 1, CInt(seconds * 1000))
    } while ready < 0 && errno == EINTR
    guard ready > 0 else {
      end()
      ending = .timedOut
      return []
    }
    do {
      return try unsafe [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
        initialized = try unsafe output.read(into: UnsafeMutableRawBufferPointer(buffer))
      }
    } catch {
      throw BytesError(.cannotRead, "cannot read from a process: \(InputFile.describe(error))")
    }
  }

  /// Waits until the process, whose output has ended or is no longer wanted, is gone.
  public func wait() -> Ending {
    if let ending { return ending }
    let found = reap()
    ending = found
    return found
  }

  /// Ends the process at once.
  public func end() {
    guard ending == nil else { return }
    kill(identifier, SIGKILL)
    _ = wait()
  }

  private func reap() -> Ending {
    var status: CInt = 0
    while unsafe waitpid(identifier, &status, 0) < 0 {
      guard errno == EINTR else { return .exited(-1) }
    }
    // The encoding of `waitpid` (sys/wait.h): the signal in the low seven bits, the status above.
    let signal = status & 0x7F
    return signal == 0 ? .exited(status >> 8 & 0xFF) : .signalled(signal)
  }

  private static func pipe() throws -> (FileDescriptor, FileDescriptor) {
    let ends = try FileDescriptor.pipe()
    defer {
      try? ends.readEnd.close()
      try? ends.writeEnd.close()
    }
    let output = try raised(ends.readEnd.rawValue)
    do {
      return (output, try raised(ends.writeEnd.rawValue))
    } catch {
      try? output.close()
      throw error
    }
  }

  /// A copy of a descriptor that is not inherited and lies above those of the child.
  private static func raised(_ descriptor: CInt) throws(Errno) -> FileDescriptor {
    let copy = fcntl(descriptor, F_DUPFD_CLOEXEC, fileDescriptor + 1)
    guard copy >= 0 else { throw Errno(rawValue: errno) }
    return FileDescriptor(rawValue: copy)
  }

  private static func spawn(
    _ executable: FilePath, _ arguments: [String], _ environment: [String],
    descriptors: [(from: FileDescriptor, to: CInt)]
  ) throws(Errno) -> pid_t {
    #if canImport(Darwin)
      var actions: posix_spawn_file_actions_t?
      var attributes: posix_spawnattr_t?
    #else
      var actions = unsafe posix_spawn_file_actions_t()
      var attributes = posix_spawnattr_t()
    #endif
    unsafe posix_spawn_file_actions_init(&actions)
    unsafe posix_spawnattr_init(&attributes)
    defer {
      unsafe posix_spawn_file_actions_destroy(&actions)
      unsafe posix_spawnattr_destroy(&attributes)
    }
    unsafe posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0)
    for descriptor in descriptors {
      unsafe posix_spawn_file_actions_adddup2(&actions, descriptor.from.rawValue, descriptor.to)
    }
    #if canImport(Darwin)
      let flags = POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_CLOEXEC_DEFAULT
    #else
      let flags = POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK
    #endif
    // Signals that this program ignores, or that the thread keeps back, reach the child as usual.
    var signals = sigset_t()
    unsafe sigemptyset(&signals)
    unsafe posix_spawnattr_setsigmask(&attributes, &signals)
    unsafe sigfillset(&signals)
    unsafe posix_spawnattr_setsigdefault(&attributes, &signals)
    unsafe posix_spawnattr_setflags(&attributes, Int16(flags))
    var identifier: pid_t = 0
    let result = unsafe withStrings(arguments) { arguments in
      unsafe withStrings(environment) { environment in
        unsafe executable.withPlatformString { path in
          unsafe posix_spawn(&identifier, path, &actions, &attributes, arguments, environment)
        }
      }
    }
    guard result == 0 else { throw Errno(rawValue: result) }
    return identifier
  }

  /// Strings as the null-terminated array of C strings that `exec` takes.
  private static func withStrings<Result>(
    _ strings: [String], _ body: (UnsafePointer<UnsafeMutablePointer<CChar>?>) -> Result
  ) -> Result {
    var pointers: [UnsafeMutablePointer<CChar>?] = unsafe strings.map { unsafe strdup($0) }
    unsafe pointers.append(nil)
    defer { unsafe pointers.forEach { unsafe free($0) } }
    return unsafe pointers.withUnsafeBufferPointer { buffer in
      // An array is never empty here, so it has an address.
      unsafe body(buffer.baseAddress.unsafelyUnwrapped)
    }
  }
}
