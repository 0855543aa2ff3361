import SystemPackage

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// What happens when a page of a mapped file is gone, because another process shortened the file or the disk failed.
///
/// The system sends SIGBUS then, which ends a process. After ``install()`` the missing pages read as zeros, the map
/// remembers it, and ``MappedFile/checkUnchanged()`` throws: an ordinary error, in place of a crash.
public enum LostPages {
  /// A map that is watched.
  struct Watch {
    fileprivate let place: Int
  }

  /// Files that are mapped at the same time; in those beyond, a missing page ends the process.
  private static let placeCount = 256

  /// The first address of each map; 0 is a free place and 1 one that is being filled.
  private static let begins = SharedNumbers(count: placeCount)
  /// The address behind each map; 0 while the map is not to be touched.
  private static let ends = SharedNumbers(count: placeCount)
  /// 1 where a page was missing.
  private static let losses = SharedNumbers(count: placeCount)
  /// The size of a page; 0 where nothing is installed.
  private static let pageSize = SharedNumbers(count: 1)

  /// Lets missing pages of mapped files read as zeros.
  ///
  /// For programs, which own the signals of their process; a library calls it never.
  public static func install() {
    // Initializes the static properties, which a signal handler must not do.
    _ = (begins, ends, losses)
    _ = pageSize.exchange(0, UInt(getpagesize()))
    unsafe SignalAction.handleFaults(SIGBUS) { number, information, _ in
      guard let information = unsafe information,
        LostPages.fill(at: unsafe SignalAction.faultAddress(information))
      else {
        // The instruction is tried again and ends the process.
        signal(number, SIG_DFL)
        return
      }
    }
  }

  /// Begins to watch a map; `nil` where there are too many.
  static func watch(_ base: UnsafeRawPointer, count: Int) -> Watch? {
    guard let place = (0..<placeCount).first(where: { begins.claim($0, 1) }) else { return nil }
    let begin = UInt(bitPattern: base)
    _ = losses.exchange(place, 0)
    _ = begins.exchange(place, begin)
    _ = ends.exchange(place, begin + UInt(count))
    return Watch(place: place)
  }

  /// Ends watching a map, before it is undone.
  static func end(_ watch: Watch?) {
    guard let watch else { return }
    _ = ends.exchange(watch.place, 0)
    _ = begins.exchange(watch.place, 0)
  }

  /// Whether a page of a map was missing.
  static func happened(in watch: Watch?) -> Bool { watch.map { losses[$0.place] == 1 } ?? false }

  /// Puts zeros from the page of an address to the end of its map; `false` where the address lies in no map.
  ///
  /// It calls nothing but `mmap`, which on all systems is the system call and no more.
  private static func fill(at address: UInt) -> Bool {
    for place in 0..<placeCount {
      let (begin, end) = (begins[place], ends[place])
      guard begin <= address, address < end else { continue }
      _ = losses.exchange(place, 1)
      let page = address / pageSize[0] * pageSize[0]
      let zeros = unsafe mmap(
        UnsafeMutableRawPointer(bitPattern: page), Int(end - page), PROT_READ,
        MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0)
      return unsafe zeros != MAP_FAILED
    }
    return false
  }
}
