import Dispatch
import Bytes
import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// A number of threads that share independent pieces of work.
package struct Workers: Sendable {
  /// The number of threads, at least 1.
  package let count: Int

  /// So many threads, or one per core that is online.
  package init(count: Int?) {
    self.count = max(1, count ?? Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))))
  }

  /// The results of all pieces, in order. Whoever is free takes the next piece.
  package func map<Result: Sendable>(_ pieces: Int, _ body: @Sendable (Int) -> Result) -> [Result] {
    guard count > 1, pieces > 1 else { return (0..<pieces).map(body) }
    let results = Lock([Result?](repeating: nil, count: pieces))
    let next = Atomic(0)
    DispatchQueue.concurrentPerform(iterations: min(count, pieces)) { _ in
      while true {
        let piece = next.wrappingAdd(1, ordering: .relaxed).oldValue
        guard piece < pieces else { return }
        let result = body(piece)
        results.withLock { $0[piece] = result }
      }
    }
    return results.withLock { $0 }.compactMap { $0 }
  }
}
