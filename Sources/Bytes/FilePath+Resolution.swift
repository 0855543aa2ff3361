public import SystemPackage

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

extension FilePath {
  /// Whether the path names something that exists, symbolic links followed.
  public var exists: Bool { unsafe withPlatformString { unsafe access($0, F_OK) } == 0 }

  /// The absolute path without symbolic links (realpath(3)); `nil` where nothing exists there. The empty path is the
  /// working directory.
  public var resolved: FilePath? {
    unsafe (isEmpty ? "." : self).withPlatformString { path in
      guard let resolved = unsafe realpath(path, nil) else { return nil }
      defer { unsafe free(resolved) }
      return unsafe FilePath(platformString: resolved)
    }
  }

  /// The path as it is written in a file of a folder: relative to the folder where it lies inside; an absolute path
  /// elsewhere as it is; a relative path elsewhere with as many `..` as it takes.
  ///
  /// Symbolic links inside the folder are kept, because that is how people mean them. A path out of the folder is
  /// counted without links, because `..` of a link is not where it seems to be.
  public func relative(to folder: FilePath) -> FilePath {
    guard let here = FilePath("").resolved, let realFolder = folder.resolved else {
      return lexicallyNormalized()
    }
    if !components.contains(where: { $0.kind == .parentDirectory }) {
      var inside = here.pushing(self).lexicallyNormalized()
      for base in [here.pushing(folder).lexicallyNormalized(), realFolder] where inside.removePrefix(base) {
        return inside
      }
    }
    let parent = removingLastComponent()
    var real = here.pushing(parent.resolved ?? parent).lexicallyNormalized()
    if let name = lastComponent { real.append(name) }
    let shared = zip(real.components, realFolder.components).prefix { $0 == $1 }.count
    let climbs = realFolder.components.count - shared
    guard !isAbsolute || climbs == 0 else { return self }
    return FilePath(
      root: nil, Array(repeating: FilePath.Component(".."), count: climbs) + real.components.dropFirst(shared)
    )
  }
}
