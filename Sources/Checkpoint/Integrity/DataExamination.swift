import Bytes
import Crypto
import Synchronization

/// Compares the bytes of all tensors of a file with their digests, in bounded memory and on several threads.
struct DataExamination: Sendable {
  /// Pieces of this size stay in the second-level cache between reading and hashing.
  private static let pieceLength = 1 << 17

  private let header: SafetensorsHeader
  private let digests: [String: String]
  private let file: InputFile

  init(_ header: SafetensorsHeader, _ digests: [String: String], _ file: InputFile) {
    self.header = header
    self.digests = digests
    self.file = file
  }

  /// Every tensor whose bytes do not have their digest, in the order of the file.
  ///
  /// - Throws: `BytesError` where the file cannot be read.
  func damage(
    threads: Int, progress: @Sendable @escaping (UInt64, UInt64) -> Void
  ) async throws -> [Damage] {
    let queue = Queue(header.tensors, progress)
    return try await withThrowingTaskGroup(of: [(index: Int, damage: Damage)].self) { group in
      for _ in 0..<max(1, min(threads, header.tensors.count)) {
        group.addTask {
          var found: [(index: Int, damage: Damage)] = []
          while let index = queue.take() {
            let record = header.tensors[index]
            if let damage = try damage(of: record) { found.append((index, damage)) }
            queue.finish(record)
          }
          return found
        }
      }
      var all: [(index: Int, damage: Damage)] = []
      for try await found in group { all += found }
      return all.sorted { $0.index < $1.index }.map(\.damage)
    }
  }

  /// The tensors that are left to compare. Whoever is free takes the next.
  private final class Queue: Sendable {
    private let count: Int
    private let total: UInt64
    private let progress: @Sendable (UInt64, UInt64) -> Void
    private let state = Lock((next: 0, done: UInt64(0)))

    init(_ tensors: [TensorRecord], _ progress: @Sendable @escaping (UInt64, UInt64) -> Void) {
      count = tensors.count
      total = tensors.last?.end ?? 0
      self.progress = progress
    }

    func take() -> Int? {
      state.withLock {
        guard $0.next < count else { return nil }
        $0.next += 1
        return $0.next - 1
      }
    }

    /// Tells the bytes compared in ascending order, whichever thread tells.
    func finish(_ record: TensorRecord) {
      state.withLock {
        $0.done += UInt64(record.byteCount)
        progress($0.done, total)
      }
    }
  }

  private func damage(of record: TensorRecord) throws(BytesError) -> Damage? {
    let begin = header.dataOffset + record.begin
    let end = begin + UInt64(record.byteCount)
    guard end <= file.size else {
      let missing = end - max(begin, file.size)
      return Damage(
        .data(tensor: record.name), offset: max(begin, file.size), byteCount: missing,
        "\(missing) of \(record.byteCount) bytes are missing")
    }
    var hash = SHA256()
    var position = begin
    var piece: [UInt8] = []
    while position < end {
      let count = Int(min(UInt64(Self.pieceLength), end - position))
      if piece.count != count { piece = [UInt8](repeating: 0, count: count) }
      try file.read(at: position, into: &piece)
      hash.update(data: piece)
      position += UInt64(count)
    }
    let (found, recorded) = (ContentDigest.hexadecimal(hash.finalize()), digests[record.name] ?? "none")
    guard found != recorded else { return nil }
    return Damage(
      .data(tensor: record.name), offset: begin, byteCount: UInt64(record.byteCount),
      "its SHA-256 is \(found), it was \(recorded)")
  }
}
