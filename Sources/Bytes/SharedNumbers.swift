import Synchronization

/// A row of numbers that threads and signal handlers share, all 0 at first; never freed, because a handler can come
/// as long as the process lives.
@safe struct SharedNumbers: @unchecked Sendable {
  let count: Int
  private let base: UnsafeMutablePointer<Atomic<UInt>>

  init(count: Int) {
    self.count = count
    unsafe base = UnsafeMutablePointer.allocate(capacity: count)
    for place in 0..<count { unsafe (base + place).initialize(to: Atomic(0)) }
  }

  /// Replaces a number and returns the one before.
  func exchange(_ place: Int, _ value: UInt) -> UInt {
    precondition(place >= 0 && place < count, "a place of the row")
    return unsafe base[place].exchange(value, ordering: .sequentiallyConsistent)
  }

  /// Puts a number in the place of a 0; `false` where another one is there.
  func claim(_ place: Int, _ value: UInt) -> Bool {
    precondition(place >= 0 && place < count, "a place of the row")
    return unsafe base[place].compareExchange(
      expected: 0, desired: value, ordering: .sequentiallyConsistent
    ).exchanged
  }

  subscript(place: Int) -> UInt {
    precondition(place >= 0 && place < count, "a place of the row")
    return unsafe base[place].load(ordering: .sequentiallyConsistent)
  }
}
