import Bytes
import Foundation
import SystemPackage
import TestSupport
import Testing

/// How paths are written relative to a folder.
@Suite struct PathResolutionTests {
  private let directory: TemporaryDirectory

  /// project/weights/a, project/linked -> ../elsewhere, elsewhere/deep/b, link -> elsewhere/deep
  init() throws {
    directory = try TemporaryDirectory()
    let manager = FileManager.default
    for name in ["project/weights", "elsewhere/deep"] {
      try manager.createDirectory(atPath: path(name).string, withIntermediateDirectories: true)
    }
    for name in ["project/weights/a", "elsewhere/deep/b"] { _ = try directory.create(name, [1]) }
    try manager.createSymbolicLink(atPath: path("project/linked").string, withDestinationPath: "../elsewhere")
    try manager.createSymbolicLink(atPath: path("link").string, withDestinationPath: "elsewhere/deep")
  }

  private func path(_ name: String) -> FilePath { directory.path.pushing(FilePath(name)) }

  @Test(arguments: [
    ("project/weights/a", "project", "weights/a"),
    ("project/./weights/../weights/a", "project", "weights/a"),
    ("project/absent", "project", "absent"),
    ("project/linked/deep/b", "project", "linked/deep/b"),
  ])
  func `a file inside is relative, links kept`(_ file: String, _ folder: String, _ expected: String) {
    #expect(path(file).relative(to: path(folder)) == FilePath(expected))
  }

  @Test func `an absolute path elsewhere stays as it is`() {
    #expect(path("elsewhere/deep/b").relative(to: path("project")) == path("elsewhere/deep/b"))
  }

  @Test func `a relative path elsewhere leads there, through links too`() throws {
    let here = try #require(FilePath("").resolved)
    let relative = path("elsewhere/deep/b").relative(to: here)
    // An absolute path stays; written from the working directory it climbs.
    #expect(relative == path("elsewhere/deep/b"))
    let up = FilePath(String(repeating: "../", count: here.components.count)).pushing(
      FilePath(String(try #require(path("elsewhere/deep/b").resolved).string.dropFirst())))
    for folder in ["project", "link"] {
      let written = up.relative(to: path(folder))
      #expect(!written.isAbsolute)
      #expect(path(folder).pushing(written).resolved == path("elsewhere/deep/b").resolved, "\(written)")
    }
  }

  @Test func `what exists is resolved`() {
    #expect(path("link/b").resolved == path("elsewhere/deep/b").resolved)
    #expect(path("link/c").resolved == nil)
    #expect(path("link/b").exists && !path("link/c").exists)
  }
}
