import SystemPackage
import Testing
import TestSupport

@testable import Bytes

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// What a signal does is tested on the built program; here is what leads up to it.
@Suite(.serialized) struct InterruptCleanupTests {
  @Test func hasRoomForManyFilesAndGivesItBack() {
    var registrations: [InterruptCleanup.Registration] = []
    while let registration = InterruptCleanup.register("file") {
      registrations.append(registration)
      guard registrations.count <= 64 else { break }
    }
    #expect(registrations.count >= 32 && registrations.count <= 64)
    registrations.forEach(InterruptCleanup.clear)
    let again = InterruptCleanup.register("file")
    #expect(again != nil)
    InterruptCleanup.clear(again)
  }

  @Test func keepsSignalsBackWhileAFileIsMade() {
    func isBlocked() -> Bool {
      var signals = sigset_t()
      unsafe pthread_sigmask(SIG_BLOCK, nil, &signals)
      return [SIGHUP, SIGINT, SIGTERM].allSatisfy { unsafe sigismember(&signals, $0) == 1 }
    }
    // Threads of a pool may keep back all signals already.
    var all = sigset_t()
    var before = sigset_t()
    unsafe sigfillset(&all)
    unsafe pthread_sigmask(SIG_UNBLOCK, &all, &before)
    defer { unsafe pthread_sigmask(SIG_SETMASK, &before, nil) }
    #expect(!isBlocked())
    #expect(InterruptCleanup.creating { isBlocked() })
    #expect(!isBlocked())
    #expect(throws: Errno.ioError) {
      try InterruptCleanup.creating { () throws(Errno) in throw Errno.ioError }
    }
    #expect(!isBlocked())
  }
}
