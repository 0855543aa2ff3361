import Foundation
package import SystemPackage

/// A directory that exists for the time of a test.
package final class TemporaryDirectory {
  /// Where it is.
  package let path: FilePath

  /// Creates an empty directory.
  package init() throws {
    path = FilePath(NSTemporaryDirectory()).appending("attnconv-test-\(UUID().uuidString)")
    try FileManager.default.createDirectory(atPath: path.string, withIntermediateDirectories: false)
  }

  deinit { try? FileManager.default.removeItem(atPath: path.string) }

  /// The path of a file in it, which need not exist.
  package func file(_ name: String) -> FilePath { path.appending(name) }

  /// Creates a file.
  package func create(_ name: String, _ bytes: [UInt8]) throws -> FilePath {
    let descriptor = try FileDescriptor.open(
      file(name), .writeOnly, options: [.create, .truncate], permissions: .ownerReadWrite)
    try descriptor.closeAfter { _ = try descriptor.writeAll(bytes) }
    return file(name)
  }

  /// Everything in it, hidden files included, sorted.
  package func names() throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: path.string).sorted()
  }

  /// The bytes of a file in it.
  package func bytes(of name: String) throws -> [UInt8] {
    Array(try Data(contentsOf: URL(fileURLWithPath: file(name).string)))
  }

  /// Removes a file in it.
  package func remove(_ name: String) throws { try FileManager.default.removeItem(atPath: file(name).string) }
}
