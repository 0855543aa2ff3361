@testable import Bytes
import SystemPackage

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The one file, in memory, through which inputs reach readers that want a file.
enum MemoryFile {
  /// A file without a name in the file system in memory that every Linux has (shm_overview(7)).
  private static let descriptor: FileDescriptor = {
    let path = FilePath("/dev/shm/attnconv-fuzzing-\(getpid())")
    do {
      let descriptor = try FileDescriptor.open(
        path, .readWrite, options: [.create, .exclusiveCreate, .closeOnExec], permissions: .ownerReadWrite)
      _ = unsafe path.withPlatformString { unsafe unlink($0) }
      return descriptor
    } catch {
      fatalError("no file in memory: \(error)")
    }
  }()

  /// The descriptor for code that takes nothing else.
  static var rawDescriptor: CInt { descriptor.rawValue }

  /// The file with these bytes, until the next call.
  static func holding(_ bytes: [UInt8]) -> InputFile {
    do {
      try descriptor.resize(to: 0)
      try descriptor.writeAll(toAbsoluteOffset: 0, bytes)
      return try InputFile(duplicating: descriptor, path: "input")
    } catch {
      fatalError("cannot fill the file in memory: \(error)")
    }
  }
}
