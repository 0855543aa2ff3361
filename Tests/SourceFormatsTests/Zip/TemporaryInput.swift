import Bytes
import Foundation
import SystemPackage

/// A file that exists for the time of a test.
final class TemporaryInput {
  let path: FilePath

  init() {
    path = FilePath(NSTemporaryDirectory()).appending("attnconv-test-\(UUID().uuidString)")
  }

  /// The path as errors show it.
  var name: String { path.string }

  deinit { try? FileManager.default.removeItem(atPath: path.string) }

  /// Opens the file with new content.
  func holding(_ bytes: [UInt8]) throws -> InputFile {
    let descriptor = try FileDescriptor.open(
      path, .writeOnly, options: [.create, .truncate], permissions: .ownerReadWrite)
    try descriptor.closeAfter { _ = try descriptor.writeAll(bytes) }
    return try InputFile(path)
  }
}
