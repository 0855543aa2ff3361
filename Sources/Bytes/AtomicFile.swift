import CReservation
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
    /// What a signal removes.
    var registration: InterruptCleanup.Registration?
    var isOpen = true
  }

  private let state: Lock<State>

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
    if beginsUnnamed, let descriptor = UnnamedFile.open(in: directory, permissions: Self.permissions) {
      self.descriptor = descriptor
      state = Lock(State())
      return
    }
    do {
      let (descriptor, path, registration) = try Self.createNamed(in: directory)
      self.descriptor = descriptor
      state = Lock(State(temporaryPath: path, registration: registration))
    } catch {
      throw BytesError(cannotCreateIn: directory, error)
    }
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
    guard overwrite else { throw exists(path) }
  }

  /// Takes room on the disk for so many bytes from the beginning of the file, whose size stays as it is.
  ///
  /// A full disk is told before the work is done, and writing costs the system half of the time (ext4), because it
  /// knows already where the bytes go.
  ///
  /// - Throws: ``BytesError`` with code `cannotWrite` where there is not so much room.
  public func reserve(_ byteCount: UInt64) throws(BytesError) {
    guard let count = off_t(exactly: byteCount), count > 0 else { return }
    let error = Errno(rawValue: reserve_room(descriptor.rawValue, count))
    // Many file systems cannot reserve anything; there, writing tells.
    if [.noSpace, .diskQuotaExceeded].contains(error) { throw failure(error) }
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
        InterruptCleanup.clear(state.registration)
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
      InterruptCleanup.clear(state.registration)
    }
  }

  private func giveName(_ state: inout State) throws(Errno) {
    if state.temporaryPath == nil {
      do {
        if try UnnamedFile.link(descriptor, as: path) { return }
        guard overwrite else { throw Errno.fileExists }
        // A name that exists can only be replaced by `rename`, which needs a name to start from.
        try linkTemporarily(&state)
      } catch .fileExists {
        throw .fileExists
      } catch {
        // No hard links, or no /proc: the bytes go to a file that has a name from the beginning.
        try copyToNamed(&state)
      }
    }
    guard let temporaryPath = state.temporaryPath else { return }
    try TemporaryName.replace(temporaryPath, as: path, overwrite: overwrite)
  }

  private func linkTemporarily(_ state: inout State) throws(Errno) {
    let temporary = TemporaryName.random(in: Self.directory(of: path))
    state.registration = try InterruptCleanup.creating { () throws(Errno) in
      guard try UnnamedFile.link(descriptor, as: temporary) else { throw .fileExists }
      return InterruptCleanup.register(temporary)
    }
    state.temporaryPath = temporary
  }

  private func copyToNamed(_ state: inout State) throws(Errno) {
    let copy: FileDescriptor
    (copy, state.temporaryPath, state.registration) = try Self.createNamed(in: Self.directory(of: path))
    defer { try? copy.close() }
    do {
      var buffer = [UInt8](repeating: 0, count: 1 << 20)
      var offset: Int64 = 0
      while case let count = try unsafe buffer.withUnsafeMutableBytes({
        try unsafe descriptor.read(fromAbsoluteOffset: offset, into: $0)
      }), count > 0 {
        try copy.writeAll(toAbsoluteOffset: offset, buffer[..<count])
        offset += Int64(count)
      }
    } catch {
      throw error as? Errno ?? .ioError
    }
    guard fsync(copy.rawValue) == 0 else { throw Errno(rawValue: errno) }
  }

  /// Makes a file with a temporary name, which a signal removes.
  private static func createNamed(
    in directory: FilePath
  ) throws(Errno) -> (FileDescriptor, FilePath, InterruptCleanup.Registration?) {
    let path = TemporaryName.random(in: directory)
    return try InterruptCleanup.creating { () throws(Errno) in
      do {
        // `exclusiveCreate` refuses a leftover or a planted link.
        let descriptor = try FileDescriptor.open(
          path, .readWrite, options: [.create, .exclusiveCreate, .closeOnExec], permissions: permissions)
        return (descriptor, path, InterruptCleanup.register(path))
      } catch {
        throw error as? Errno ?? .ioError
      }
    }
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
    guard error as? Errno == .fileExists else {
      return error as? BytesError ?? BytesError(cannotWrite: path, error)
    }
    return Self.exists(path)
  }

  private static func exists(_ path: FilePath) -> BytesError {
    BytesError(
      .exists, "the output file already exists", file: path.string,
      hint: "use --force to replace it, or -o to name another")
  }

  /// Like any new file: the process's file mode mask takes away what it should.
  private static let permissions: FilePermissions = [
    .ownerReadWrite, .groupReadWrite, .otherReadWrite,
  ]

  private static func directory(of path: FilePath) -> FilePath {
    let directory = path.removingLastComponent()
    return directory.isEmpty ? "." : directory
  }
}
