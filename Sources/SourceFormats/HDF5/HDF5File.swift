public import Bytes
import SystemPackage

/// An HDF5 file that is read through worker processes: the HDF5 library never runs in this one.
public struct HDF5File: Sendable {
  /// The file that holds it.
  public let file: InputFile

  /// The offset in that file of the first byte of the HDF5 file.
  let offset: UInt64

  /// The number of bytes of the HDF5 file.
  let byteCount: UInt64

  /// The program whose processes are the workers: one that answers to ``HDF5Task``.
  let worker: FilePath

  /// The hint that goes with every damaged file.
  private static let damaged = "fetch or save the file again"

  /// The objects of the file.
  ///
  /// - Throws: ``SourceError``, also where the worker crashes or exceeds a limit.
  func objects() throws(SourceError) -> [HDF5Object] {
    let process = try start(.index)
    var text: [UInt8] = []
    while true {
      let piece = try read(from: process, 1 << 16)
      if piece.isEmpty { break }
      text += piece
      guard text.count <= HDF5Limits.indexByteCount else {
        throw failure(
          .limitExceeded, "the index of the HDF5 file has more than \(HDF5Limits.indexByteCount) bytes")
      }
    }
    try check(process.wait(), "reading the structure", HDF5Limits.indexSeconds)
    switch HDF5Index(text) {
    case .objects(let objects): return objects
    case .failure(let code, let message): throw failure(code, message)
    case nil: throw failure(.malformed, "the worker's index of the HDF5 file is damaged")
    }
  }

  /// Decodes datasets and passes their bytes on, one dataset after the other.
  ///
  /// - Parameters:
  ///   - datasets: the address of each and the number of bytes that it must have.
  ///   - body: takes the place of the dataset in the list and its next bytes.
  /// - Throws: ``SourceError``, also where the worker crashes or exceeds a limit.
  public func decode(
    _ datasets: [(address: UInt64, byteCount: UInt64)],
    _ body: (_ number: Int, _ bytes: ArraySlice<UInt8>) throws(BytesError) -> Void
  ) throws(SourceError) {
    let batch = WorkerProcess.maximumRequestSize / 8 - 2
    for start in stride(from: 0, to: datasets.count, by: batch) {
      try decode(datasets, start..<min(start + batch, datasets.count), body)
    }
  }

  private func decode(
    _ datasets: [(address: UInt64, byteCount: UInt64)], _ range: Range<Int>,
    _ body: (Int, ArraySlice<UInt8>) throws(BytesError) -> Void
  ) throws(SourceError) {
    let process = try start(.read, datasets[range].map(\.address))
    for number in range {
      let stated = try readExactly(from: process, 8).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
      guard stated == datasets[number].byteCount else {
        throw failure(.malformed, "a dataset has \(stated) bytes, expected \(datasets[number].byteCount)")
      }
      var rest = stated
      while rest > 0 {
        let piece = try read(from: process, Int(min(rest, 1 << 17)))
        guard !piece.isEmpty else { throw ended(process) }
        rest -= UInt64(piece.count)
        do {
          try body(number, piece[...])
        } catch {
          throw SourceError(error)
        }
      }
    }
    guard try read(from: process, 1).isEmpty else {
      throw failure(.malformed, "the worker wrote more than was asked for")
    }
    try check(process.wait(), "decoding the datasets", HDF5Limits.readSeconds)
  }

  private func start(_ task: HDF5Task, _ addresses: [UInt64] = []) throws(SourceError) -> WorkerProcess {
    let request = ([offset, byteCount] + addresses).flatMap { number in
      (0..<8).map { UInt8(truncatingIfNeeded: number >> ($0 * 8)) }
    }
    do {
      return try WorkerProcess(
        worker, arguments: [task.rawValue], environment: HDF5Task.environment, reading: file, request: request
      )
    } catch {
      throw SourceError(error)
    }
  }

  private func read(from process: WorkerProcess, _ count: Int) throws(SourceError) -> [UInt8] {
    do {
      return try process.read(count, within: HDF5Limits.idleSeconds)
    } catch {
      throw SourceError(error, file: file.sourceName)
    }
  }

  private func readExactly(from process: WorkerProcess, _ count: Int) throws(SourceError) -> [UInt8] {
    var bytes: [UInt8] = []
    while bytes.count < count {
      let piece = try read(from: process, count - bytes.count)
      guard !piece.isEmpty else { throw ended(process) }
      bytes += piece
    }
    return bytes
  }

  /// The error for a worker that stopped writing in the middle of a dataset.
  private func ended(_ process: WorkerProcess) -> SourceError {
    do throws(SourceError) {
      try check(process.wait(), "decoding the datasets", HDF5Limits.readSeconds)
    } catch {
      return error
    }
    return failure(.malformed, "a dataset cannot be decoded")
  }

  private func check(
    _ ending: WorkerProcess.Ending, _ activity: String, _ seconds: UInt64
  ) throws(SourceError) {
    switch ending {
    case .exited(0): return
    case .exited(let status) where status == HDF5Exit.missingLibrary:
      throw Self.missingLibrary(file.sourceName)
    case .exited(let status) where status == HDF5Exit.undecodable:
      throw failure(.malformed, "a dataset cannot be decoded: its chunks are damaged")
    case .exited(let status):
      throw failure(.malformed, "\(activity) of the HDF5 file failed (status \(status) of the worker)")
    case .signalled(HDF5Exit.processorTimeSignal):
      throw failure(
        .limitExceeded, "\(activity) of the HDF5 file took more than \(seconds) s of processor time")
    case .signalled(let signal):
      throw failure(.malformed, "\(activity) of the HDF5 file ended the worker by signal \(signal)")
    case .timedOut:
      throw failure(
        .limitExceeded, "\(activity) of the HDF5 file made no progress for \(HDF5Limits.idleSeconds) s")
    }
  }

  static func missingLibrary(_ file: String?) -> SourceError {
    SourceError(
      .unsupported, "the HDF5 library that this program was built for is not installed", file: file,
      hint: "on Debian and Ubuntu: apt-get install libhdf5-dev")
  }

  private func failure(_ code: SourceError.Code, _ message: String) -> SourceError {
    SourceError(code, message, file: file.sourceName, hint: code == .malformed ? Self.damaged : nil)
  }
}

/// How a worker ends where it could not do its work.
public enum HDF5Exit {
  /// The shared library is missing or of another version.
  public static let missingLibrary: Int32 = 3
  /// A dataset cannot be decoded.
  public static let undecodable: Int32 = 4
  /// The limits of the process could not be set.
  public static let noLimits: Int32 = 5
  /// The system refused to write; its error number, which is below 128 on all systems, is added.
  public static let systemError: Int32 = 64
  /// The signal of a process that has used up its processor time (`SIGXCPU`, signal(7)).
  static let processorTimeSignal: Int32 = 24
}
