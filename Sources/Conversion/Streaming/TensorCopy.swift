import Bytes
import Checkpoint
import Crypto
import SourceFormats
import Synchronization
import SystemPackage

/// Copies tensors to their places in an output file, by several workers at a time, and digests what they write where that
/// is asked for.
///
/// Tensors that lie beside each other in the output are copied in one go, so that the disk gets long runs of bytes.
final class TensorCopy: Sendable {
  /// A tensor and the place of its first byte in the output.
  struct Job: Sendable {
    var tensor: TensorOutput
    var begin: UInt64
    var end: UInt64
  }

  /// Jobs are handed out in groups of about this many bytes: enough to be worth a call to the disk, and few enough that
  /// no worker has much left to do when the others are done.
  private static let groupSize: UInt64 = 4 << 20

  private struct State {
    /// Groups that any worker may take, and those that need what only the first one has, last ones first.
    var shared: [[Job]] = []
    var owned: [[Job]] = []
    var digests: [String: String] = [:]
    var done: UInt64 = 0
    var hasFailed = false
  }

  private let index: SourceIndex
  private let output: AtomicFile
  private let total: UInt64
  private let isDigesting: Bool
  private let progress: (@Sendable (UInt64, UInt64) -> Void)?
  private let state: Lock<State>

  /// Prepares to copy jobs, given in the order of their places, and takes the room that they need on the disk.
  ///
  /// - Throws: ``BytesError`` where there is too little.
  init(
    _ jobs: [Job], from index: SourceIndex, to output: AtomicFile, isDigesting: Bool,
    progress: (@Sendable (UInt64, UInt64) -> Void)? = nil
  ) throws(BytesError) {
    try output.reserve(jobs.last?.end ?? 0)
    self.index = index
    self.output = output
    self.isDigesting = isDigesting
    self.progress = progress
    total = jobs.reduce(0) { $0 + $1.end - $1.begin }
    var state = State()
    var group: [Job] = []
    for (number, job) in jobs.enumerated() {
      let isOwned = !Self.isReadInPlace(job, index)
      group.append(job)
      let next = number + 1 < jobs.count ? jobs[number + 1] : nil
      if let next, job.end - group[0].begin < Self.groupSize, Self.isReadInPlace(next, index) != isOwned {
        continue
      }
      if isOwned { state.owned.append(group) } else { state.shared.append(group) }
      group = []
    }
    state.owned.reverse()
    state.shared.reverse()
    self.state = Lock(state)
  }

  /// Bytes that lie in the source as they are can be read by any worker; others are decoded to a file that one has.
  private static func isReadInPlace(_ job: Job, _ index: SourceIndex) -> Bool {
    switch index.storages[job.tensor.view.storage].encoding {
    case .stored, .constant: true
    case .deflated, .hdf5: false
    }
  }

  /// The SHA-256 of what was written of each tensor, by name; empty where none is asked for.
  var digests: [String: String] { state.withLock(\.digests) }

  /// Copies until nothing is left to take.
  ///
  /// - Parameters:
  ///   - source: the bytes, for this worker alone.
  ///   - takesAll: whether this is the one worker that copies what has to be decoded.
  /// - Throws: ``ConversionError``; the other workers stop then too.
  func run(_ source: SourceBytes, takesAll: Bool) throws(ConversionError) {
    do {
      while let group = take(takesAll) { try copy(group, source) }
    } catch {
      state.withLock { $0.hasFailed = true }
      throw error
    }
  }

  private func take(_ takesAll: Bool) -> [Job]? {
    state.withLock { state in
      guard !state.hasFailed else { return nil }
      return takesAll ? state.owned.popLast() ?? state.shared.popLast() : state.shared.popLast()
    }
  }

  private func copy(_ group: [Job], _ source: SourceBytes) throws(ConversionError) {
    guard var started = group.first?.begin else { return }
    for job in group {
      var hash = isDigesting ? SHA256() : nil
      var position = job.begin
      let view = job.tensor.view
      let stream = try TensorStream(view, as: job.tensor.elementType, storage: source.storage(view.storage))
      try stream.forEachPiece(of: source) { piece throws(ConversionError) in
        hash?.update(data: piece)
        do {
          try output.write(piece, at: position)
        } catch {
          throw ConversionError(any: error)
        }
        position += UInt64(piece.count)
        guard position - started >= AtomicFile.writebackSize else { return }
        output.startWriteback(started..<position)
        started = position
      }
      precondition(position == job.end, "a tensor has the size that its place has")
      let digest = hash.map { ContentDigest.hexadecimal($0.finalize()) }
      let done = state.withLock { state in
        state.digests[job.tensor.name] = digest
        state.done += job.end - job.begin
        return state.done
      }
      progress?(done, total)
    }
    if let end = group.last?.end { output.startWriteback(started..<end) }
  }
}
