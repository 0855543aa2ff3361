public import SystemPackage

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// A file without a name, for data that does not fit memory; the system frees it however the process ends.
public final class ScratchFile {
  private let descriptor: FileDescriptor
  private let directory: FilePath

  /// The number of bytes appended so far.
  public private(set) var size: UInt64 = 0

  /// Creates an empty scratch file on the disk that holds a directory.
  public init(in directory: FilePath) throws(BytesError) {
    self.directory = directory.isEmpty ? "." : directory
    if let descriptor = UnnamedFile.open(in: self.directory, permissions: .ownerReadWrite) {
      self.descriptor = descriptor
      return
    }
    let path = TemporaryName.random(in: self.directory)
    do {
      descriptor = try InterruptCleanup.creating {
        let descriptor = try FileDescriptor.open(
          path, .readWrite, options: [.create, .exclusiveCreate, .closeOnExec], permissions: .ownerReadWrite)
        _ = unsafe path.withPlatformString { unsafe unlink($0) }
        return descriptor
      }
    } catch {
      throw BytesError(cannotCreateIn: self.directory, error)
    }
  }

  deinit { try? descriptor.close() }

  var rawDescriptor: CInt { descriptor.rawValue }

  /// Adds bytes at the end.
  public func append(_ bytes: ArraySlice<UInt8>) throws(BytesError) {
    do {
      try descriptor.writeAll(toAbsoluteOffset: Int64(size), bytes)
    } catch {
      throw BytesError(cannotWrite: directory, error)
    }
    size += UInt64(bytes.count)
  }

  /// What was written so far as a file to read, which messages call by the name of what it was made from.
  public func reading(as path: FilePath) throws(BytesError) -> InputFile {
    try InputFile(duplicating: descriptor, path: path)
  }

  /// Fills a whole buffer with the bytes that begin at `offset`.
  public func read(at offset: UInt64, into buffer: inout [UInt8]) throws(BytesError) {
    guard UInt64(buffer.count) <= size, offset <= size - UInt64(buffer.count) else {
      throw BytesError(.unexpectedEnd, "read past the end of a scratch file", offset: offset)
    }
    do {
      try unsafe buffer.withUnsafeMutableBytes { bytes in
        var done = 0
        while done < bytes.count {
          let rest = unsafe UnsafeMutableRawBufferPointer(rebasing: bytes[done...])
          let count = try unsafe descriptor.read(fromAbsoluteOffset: Int64(offset) + Int64(done), into: rest)
          guard count > 0 else { throw Errno.ioError }
          done += count
        }
      }
    } catch {
      throw BytesError(.cannotRead, InputFile.describe(error), file: directory.string, offset: offset)
    }
  }
}
