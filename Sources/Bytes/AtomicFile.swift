import Synchronization
public import SystemPackage

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// A file that appears under its name complete or not at all.
///
/// Bytes go to a file without a name (`O_TMPFILE`) or, where the file system has none, to a temporary file in
/// the same directory. ``commit()`` brings them to the disk (`fsync`), gives the file its name (`linkat` or
/// `rename`) and makes the name last (`fsync` of the directory). Without a commit nothing is left behind and
/// an older file of that name stays untouched. Several threads may write parts of it at once.
public final class AtomicFile: Sendable {
  /// The path the file will have.
  public let path: FilePath

  private let descriptor: FileDescriptor
  private let overwrite: Bool

  private struct State {
    /// The temporary name, or `nil` while the file has no name at all.
    var temporaryPath: FilePath?
    var isOpen = true
  }

  private let state: Mutex<State>

  /// Parts that the system is asked to write at once are best of this size in bytes: large enough for a disk to be
  /// efficient, small enough that little is left at the end.
  public static let writebackSize: UInt64 = 8 << 20

  /// Begins a file.
  ///
  /// - Parameters:
  ///   - path: The name that the file will have.
  ///   - overwrite: Whether an existing file of that name may be replaced.
  /// - Throws: ``BytesError`` with code `exists`, `notAFile` or `cannotWrite`.
  public convenience init(_ path: FilePath, overwrite: Bool) throws(BytesError) {
    try self.init(path, overwrite: overwrite, beginsUnnamed: true)
  }

  /// Begins a file; `beginsUnnamed: false` writes it the way of file systems without `O_TMPFILE`.
  package init(_ path: FilePath, overwrite: Bool, beginsUnnamed: Bool) throws(BytesError) {
    try Self.check(path, overwrite: overwrite)
    self.path = path
    self.overwrite = overwrite
    let directory = Self.directory(of: path)
    if beginsUnnamed, let descriptor = Self.openUnnamed(in: directory) {
      self.descriptor = descriptor
      state = Mutex(State())
      return
    }
    let temporary = Self.temporaryName(in: directory)
    do {
      // `exclusiveCreate` refuses a leftover or a planted link.
      descriptor = try FileDescriptor.open(
        temporary, .readWrite, options: [.create, .exclusiveCreate, .closeOnExec],
        permissions: Self.permissions)
    } catch {
      throw BytesError(
        .cannotWrite, "cannot create a file in this directory: \(InputFile.describe(error))",
        file: directory.string, hint: "choose a directory that exists and can be written to")
    }
    state = Mutex(State(temporaryPath: temporary))
    InterruptCleanup.register(temporary)
  }

  deinit { discard() }

  /// Fails where the path cannot become an output file; creates nothing.
  public static func check(_ path: FilePath, overwrite: Bool) throws(BytesError) {
    guard path.lastComponent != nil else {
      throw BytesError(.cannotWrite, "the output path names no file", file: path.string)
    }
    var status = stat()
    guard unsafe path.withPlatformString({ unsafe stat($0, &status) }) == 0 else { return }
    guard status.st_mode & S_IFMT == S_IFREG else {
      let isDirectory = status.st_mode & S_IFMT == S_IFDIR
      throw BytesError(
        .notAFile,
        "found \(isDirectory ? "a directory" : "a special file") where the output file should go",
        file: path.string, hint: "name a file with -o")
    }
    guard overwrite else {
      throw BytesError(
        .exists, "the output file already exists", file: path.string,
        hint: "use --force to replace it, or -o to name another")
    }
  }

  /// Writes all bytes at an absolute offset.
  public func write(_ bytes: ArraySlice<UInt8>, at offset: UInt64) throws(BytesError) {
    do {
      try descriptor.writeAll(toAbsoluteOffset: Int64(offset), bytes)
    } catch {
      throw failure(error)
    }
  }

  /// What was written so far as a file to read.
  public func reading() throws(BytesError) -> InputFile {
    try InputFile(duplicating: descriptor, path: path)
  }

  var rawDescriptor: CInt { descriptor.rawValue }

  /// Says that a range of bytes is complete, so that the system may begin to write it to the disk.
  ///
  /// The disk then works while digests are computed, and ``commit()`` has less to wait for.
  public func startWriteback(_ range: Range<UInt64>) {
    #if os(Linux)
      // Linux begins to write dirty pages of a range that is no longer needed (mm/fadvise.c); a failure only
      // means that `fsync` does the work later. A length of 0 would mean the rest of the file.
      guard !range.isEmpty else { return }
      _ = posix_fadvise(
        descriptor.rawValue, off_t(range.lowerBound), off_t(range.upperBound - range.lowerBound),
        POSIX_FADV_DONTNEED)
    #endif
  }

  /// Makes the file appear under its name, complete and on the disk.
  public func commit() throws(BytesError) {
    do {
      try state.withLock { state throws(Errno) in
        precondition(state.isOpen, "a file is committed once, and not after it was discarded")
        guard fsync(descriptor.rawValue) == 0 else { throw Errno(rawValue: errno) }
        try giveName(&state)
        state.isOpen = false
        if state.temporaryPath != nil { InterruptCleanup.clear() }
      }
    } catch {
      discard()
      throw failure(error)
    }
    try? descriptor.close()
    syncDirectory()
  }

  /// Gives the file up; nothing appears under the name.
  public func discard() {
    state.withLock { state in
      guard state.isOpen else { return }
      state.isOpen = false
      try? descriptor.close()
      guard let temporaryPath = state.temporaryPath else { return }
      _ = unsafe temporaryPath.withPlatformString { unsafe unlink($0) }
      InterruptCleanup.clear()
    }
  }

  private func giveName(_ state: inout State) throws(Errno) {
    if state.temporaryPath == nil {
      if try nameUnnamed(as: path) { return }
      guard overwrite else { throw .fileExists }
      // A name that exists can only be replaced by `rename`, which needs a name to start from.
      let temporary = Self.temporaryName(in: Self.directory(of: path))
      InterruptCleanup.register(temporary)
      guard try nameUnnamed(as: temporary) else { throw .fileExists }
      state.temporaryPath = temporary
    }
    guard let temporaryPath = state.temporaryPath else { return }
    let result = unsafe temporaryPath.withPlatformString { from in
      unsafe path.withPlatformString { to in
        if overwrite { return unsafe rename(from, to) }
        // `link` fails where the name came to exist meanwhile; `rename` would replace it silently.
        if unsafe link(from, to) == 0 { return unsafe unlink(from) }
        // File systems without hard links have only `rename`.
        return errno == EPERM || errno == ENOTSUP ? unsafe rename(from, to) : -1
      }
    }
    guard result == 0 else { throw Errno(rawValue: errno) }
  }

  /// Gives the nameless file a name; `false` where the name exists.
  private func nameUnnamed(as path: FilePath) throws(Errno) -> Bool {
    let source = "/proc/self/fd/\(descriptor.rawValue)"
    let result = unsafe path.withPlatformString { to in
      unsafe linkat(AT_FDCWD, source, AT_FDCWD, to, AT_SYMLINK_FOLLOW)
    }
    if result == 0 { return true }
    guard errno == EEXIST else { throw Errno(rawValue: errno) }
    return false
  }

  private func syncDirectory() {
    guard
      let handle = try? FileDescriptor.open(
        Self.directory(of: path), .readOnly, options: [.directory, .closeOnExec])
    else { return }
    // Some file systems cannot sync a directory; the file itself is on the disk by then.
    _ = fsync(handle.rawValue)
    try? handle.close()
  }

  private func failure(_ error: any Error) -> BytesError {
    if let error = error as? BytesError { return error }
    let exists = error as? Errno == .fileExists
    let hint: String? =
      switch error as? Errno {
      case .noSpace: "free some space, or write to another disk with -o"
      case .fileExists: "use --force to replace it, or -o to name another"
      default: nil
      }
    return BytesError(
      exists ? .exists : .cannotWrite,
      exists ? "the output file already exists" : "cannot write: \(InputFile.describe(error))",
      file: path.string, hint: hint)
  }

  /// Like any new file: the process's file mode mask takes away what it should.
  private static let permissions: FilePermissions = [
    .ownerReadWrite, .groupReadWrite, .otherReadWrite,
  ]

  private static func directory(of path: FilePath) -> FilePath {
    let directory = path.removingLastComponent()
    return directory.isEmpty ? "." : directory
  }

  /// Random, so that two writers stay apart and a leftover of a killed process is never in the way; the
  /// process number would not do, because it is the same in every run of a container.
  private static func temporaryName(in directory: FilePath) -> FilePath {
    directory.appending(".attnconv-\(String(UInt64.random(in: 0...(.max)), radix: 16)).tmp")
  }

  private static func openUnnamed(in directory: FilePath) -> FileDescriptor? {
    #if os(Linux)
      // Linux 3.11, asm-generic/fcntl.h: O_TMPFILE is __O_TMPFILE | O_DIRECTORY. Naming the file later goes
      // through /proc (open(2), "O_TMPFILE").
      let temporaryFile: CInt = 0o20_000_000 | O_DIRECTORY
      guard unsafe access("/proc/self/fd", X_OK) == 0 else { return nil }
      return try? FileDescriptor.open(
        directory, .readWrite, options: [.init(rawValue: temporaryFile), .closeOnExec],
        permissions: permissions)
    #else
      return nil
    #endif
  }
}
