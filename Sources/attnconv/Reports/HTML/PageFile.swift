import Bytes
import SystemPackage

/// The file that a page goes to. It is begun before the work, so that a path that cannot be written costs nobody the
/// wait.
struct PageFile {
  private let file: AtomicFile

  /// Begins the file; nothing appears under its name yet.
  ///
  /// - Throws: `BytesError` where it cannot be written, or where the name is that of anything but an older page: a
  ///   mistyped option must not cost a checkpoint.
  init(_ path: FilePath) throws(BytesError) {
    do {
      try AtomicFile.check(path, overwrite: false)
    } catch  where error.code == .exists {
      let older = try InputFile(path)
      let beginning = Array(VerificationPage.beginning.utf8)
      let found = try older.read(at: 0, count: min(Int(clamping: older.size), beginning.count))
      guard found.isEmpty || found == beginning else {
        throw BytesError(
          .exists, "found a file that is no report; only an older report is replaced", file: path.string,
          hint: "name another file with --report")
      }
    }
    file = try AtomicFile(path, overwrite: true)
  }

  /// Writes a page of some sections, which appears complete or not at all. It is written whatever came out, so that nobody
  /// takes the page of an earlier run for this one's.
  ///
  /// - Returns: `couldNot` where it could not be written; the reason is reported.
  func publish(_ sections: [VerificationSection], _ reporter: Reporter) -> ExitStatus {
    do throws(BytesError) {
      try file.write(VerificationPage(sections: sections).bytes[...], at: 0)
      try file.commit()
      return .done
    } catch {
      reporter.explain(error)
      return .couldNot
    }
  }
}
