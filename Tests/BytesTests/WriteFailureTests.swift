import SystemPackage
import Testing

@testable import Bytes

@Suite struct WriteFailureTests {
  /// Whoever cannot write is told what is missing and what to do.
  @Test(
    arguments: [
      (.noSpace, "no space left on device", "free some space (see df and df -i), or write to another disk"),
      (
        .fileTooLarge, "file too large",
        "raise the limit on the size of files (see ulimit -f), or write to a disk that holds larger files"
      ),
      (.readOnlyFileSystem, "read-only file system", "choose a directory that exists and can be written to"),
      (.permissionDenied, "permission denied", "choose a directory that exists and can be written to"),
      (.ioError, "input/output error", nil),
    ] as [(Errno, String, String?)])
  func saysWhatIsMissingAndWhatToDo(_ error: Errno, _ reason: String, _ hint: String?) {
    #expect(
      BytesError(cannotWrite: "d/f", error)
        == BytesError(.cannotWrite, "cannot write: \(reason)", file: "d/f", hint: hint))
    #expect(
      BytesError(cannotCreateIn: "d", error)
        == BytesError(
          .cannotWrite, "cannot create a file in this directory: \(reason)", file: "d", hint: hint))
  }
}
