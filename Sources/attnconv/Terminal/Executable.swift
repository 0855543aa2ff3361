import SystemPackage

#if canImport(Darwin)
  import Darwin
#endif

/// The program's own file, of which workers are further processes.
enum Executable {
  #if canImport(Darwin)
    static var path: FilePath {
      var size = UInt32(PATH_MAX)
      var buffer = [CChar](repeating: 0, count: Int(size))
      guard unsafe _NSGetExecutablePath(&buffer, &size) == 0 else {
        return FilePath(CommandLine.arguments[0])
      }
      return FilePath(unsafe String(cString: buffer))
    }
  #else
    /// The file that runs, also where it was replaced meanwhile (proc(5)).
    static let path: FilePath = "/proc/self/exe"
  #endif
}
