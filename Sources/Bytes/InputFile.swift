public import SystemPackage

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// A regular file opened for reading at given offsets, with the promise that it stays the same.
///
/// Reading uses `pread` and never a memory map: a map of a file that another process truncates ends in a
/// signal, a short read ends in an error.
public final class InputFile: Sendable {
  /// The path as the user gave it.
  public let path: FilePath

  /// The number of bytes when the file was opened.
  public let size: UInt64

  private let descriptor: FileDescriptor
  private let identity: Identity

  /// Opens a regular file.
  ///
  /// - Throws: ``BytesError`` with code `cannotOpen` or `notAFile`.
  public init(_ path: FilePath) throws(BytesError) {
    do {
      // `nonBlocking` so that opening a named pipe does not wait for a writer before it is refused.
      descriptor = try FileDescriptor.open(
        path, .readOnly, options: [.closeOnExec, .nonBlocking])
    } catch {
      throw BytesError(
        .cannotOpen, Self.describe(error), file: path.string,
        hint: error as? Errno == .noSuchFileOrDirectory ? "check the path" : nil)
    }
    do {
      identity = try Identity(descriptor)
    } catch {
      try? descriptor.close()
      throw BytesError(.cannotOpen, Self.describe(error), file: path.string)
    }
    guard identity.isRegular else {
      try? descriptor.close()
      throw BytesError(
        .notAFile, identity.isDirectory ? "found a directory, expected a file" : "not a regular file",
        file: path.string,
        hint: identity.isDirectory ? "name the checkpoint file inside it" : "save the data to a file first")
    }
    self.path = path
    size = identity.size
  }

  /// Opens what was written to another file so far.
  ///
  /// - Parameters:
  ///   - descriptor: the open file.
  ///   - path: what messages call the file.
  /// - Throws: ``BytesError`` with code `cannotOpen`.
  init(duplicating descriptor: FileDescriptor, path: FilePath) throws(BytesError) {
    do {
      self.descriptor = try descriptor.duplicate()
    } catch {
      throw BytesError(.cannotOpen, Self.describe(error), file: path.string)
    }
    _ = fcntl(self.descriptor.rawValue, F_SETFD, FD_CLOEXEC)
    do {
      identity = try Identity(self.descriptor)
    } catch {
      try? self.descriptor.close()
      throw BytesError(.cannotOpen, Self.describe(error), file: path.string)
    }
    self.path = path
    size = identity.size
  }

  deinit { try? descriptor.close() }

  /// Reads exactly `count` bytes that begin at `offset`.
  ///
  /// - Throws: ``BytesError`` with code `unexpectedEnd` where the file is too short for them.
  public func read(at offset: UInt64, count: Int) throws(BytesError) -> [UInt8] {
    try checkRange(at: offset, count: count)
    guard count > 0 else { return [] }
    do {
      return try unsafe [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
        try unsafe fill(UnsafeMutableRawBufferPointer(buffer), at: offset)
        initialized = count
      }
    } catch {
      throw error as? BytesError
        ?? BytesError(.cannotRead, Self.describe(error), file: path.string, offset: offset)
    }
  }

  /// Fills a whole buffer with the bytes that begin at `offset`; fails where the file is too short for them.
  public func read(
    at offset: UInt64, into buffer: inout [UInt8]
  ) throws(BytesError) {
    try checkRange(at: offset, count: buffer.count)
    do {
      try unsafe buffer.withUnsafeMutableBytes { bytes in try unsafe fill(bytes, at: offset) }
    } catch {
      throw error as? BytesError
        ?? BytesError(.cannotRead, Self.describe(error), file: path.string, offset: offset)
    }
  }

  /// Fails where the file is no longer the one that was opened: another size or modification time.
  public func checkUnchanged() throws(BytesError) {
    guard let now = try? Identity(descriptor), now == identity else {
      throw BytesError(
        .changed, "the file changed while it was being read", file: path.string,
        hint: "wait until it is written completely, then try again")
    }
  }

  private func checkRange(at offset: UInt64, count: Int) throws(BytesError) {
    guard count >= 0, UInt64(count) <= size, offset <= size - UInt64(count) else {
      throw BytesError(
        .unexpectedEnd, "\(count) bytes at this offset lie outside of the file of \(size) bytes",
        file: path.string, offset: offset)
    }
  }

  private func fill(_ buffer: UnsafeMutableRawBufferPointer, at offset: UInt64) throws {
    var done = 0
    while done < buffer.count {
      let rest = unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[done...])
      let count = try unsafe descriptor.read(fromAbsoluteOffset: Int64(offset) + Int64(done), into: rest)
      guard count > 0 else {
        throw BytesError(
          .unexpectedEnd, "the file ended \(buffer.count - done) bytes early", file: path.string,
          offset: offset + UInt64(done), hint: "the file became shorter while it was being read")
      }
      done += count
    }
  }

  var rawDescriptor: CInt { descriptor.rawValue }

  static func describe(_ error: any Error) -> String {
    (error as? Errno)?.description.lowercased() ?? "\(error)"
  }
}

/// What `fstat` says of an open file: enough to notice that it changed.
struct Identity: Equatable, Sendable {
  let size: UInt64
  private let device: UInt64
  private let inode: UInt64
  private let modifiedSeconds: Int64
  private let modifiedNanoseconds: Int64
  private let mode: UInt32

  init(_ descriptor: FileDescriptor) throws(Errno) {
    var status = stat()
    guard unsafe fstat(descriptor.rawValue, &status) == 0 else { throw Errno(rawValue: errno) }
    size = UInt64(status.st_size)
    device = UInt64(status.st_dev)
    inode = UInt64(status.st_ino)
    mode = UInt32(status.st_mode)
    #if canImport(Darwin)
      modifiedSeconds = Int64(status.st_mtimespec.tv_sec)
      modifiedNanoseconds = Int64(status.st_mtimespec.tv_nsec)
    #else
      modifiedSeconds = Int64(status.st_mtim.tv_sec)
      modifiedNanoseconds = Int64(status.st_mtim.tv_nsec)
    #endif
  }

  var isRegular: Bool { mode & UInt32(S_IFMT) == UInt32(S_IFREG) }
  var isDirectory: Bool { mode & UInt32(S_IFMT) == UInt32(S_IFDIR) }
}
