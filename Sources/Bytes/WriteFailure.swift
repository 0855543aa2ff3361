package import SystemPackage

extension Errno {
  /// What to do where the system refuses to write for this reason; `nil` where only the reason itself helps.
  var writingHint: String? {
    switch self {
    // Also where no more files can be made (inodes).
    case .noSpace: "free some space (see df and df -i), or write to another disk"
    case .diskQuotaExceeded: "free some of the quota, or write to another disk"
    case .fileTooLarge:
      "raise the limit on the size of files (see ulimit -f), or write to a disk that holds larger files"
    case .readOnlyFileSystem, .permissionDenied, .notPermitted, .noSuchFileOrDirectory, .notDirectory:
      "choose a directory that exists and can be written to"
    default: nil
    }
  }
}

extension BytesError {
  /// The error of a directory in which no file can be made.
  init(cannotCreateIn directory: FilePath, _ error: any Error) {
    self.init(
      .cannotWrite, "cannot create a file in this directory: \(InputFile.describe(error))",
      file: directory.string, hint: (error as? Errno)?.writingHint)
  }

  /// The error of a file that cannot be written.
  package init(cannotWrite path: FilePath, _ error: any Error) {
    self.init(
      .cannotWrite, "cannot write: \(InputFile.describe(error))", file: path.string,
      hint: (error as? Errno)?.writingHint)
  }
}
