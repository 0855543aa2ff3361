public import Bytes
import Checkpoint
import JSON
public import SystemPackage

extension HDF5File {
  /// Makes the groups, attributes and datasets of a tree in a file that is still empty.
  ///
  /// A worker makes them and leaves room for the data. What it wrote is then read by another, as any file is, and compared
  /// with the tree.
  ///
  /// - Parameters:
  ///   - tree: the objects.
  ///   - output: the file, of which nothing has been written.
  ///   - worker: the program whose processes are the workers.
  /// - Returns: for each dataset of the tree, in order, the offset of its first byte.
  /// - Throws: ``SourceError``, also where the worker crashes or exceeds a limit.
  public static func layOut(
    _ tree: HDF5Tree, in output: AtomicFile, worker: FilePath
  ) throws(SourceError) -> [UInt64] {
    try run(tree, output, worker)
    let file: InputFile
    do throws(BytesError) { file = try output.reading() } catch { throw SourceError(error) }
    let written = HDF5File(file: file, offset: 0, byteCount: file.size, worker: worker)
    guard let offsets = tree.offsets(in: try written.objects(), fileSize: file.size) else {
      throw failure("the structure of the new HDF5 file is not the one that was asked for", output)
    }
    return offsets
  }

  private static func run(_ tree: HDF5Tree, _ output: AtomicFile, _ worker: FilePath) throws(SourceError) {
    let process: WorkerProcess
    var answer: [UInt8] = []
    do throws(BytesError) {
      let request = try ScratchFile(in: output.path.removingLastComponent())
      try request.append(Array(tree.json.text().utf8)[...])
      process = try WorkerProcess(
        worker, arguments: [HDF5Task.layOut.rawValue], environment: HDF5Task.environment, filling: output,
        request: request)
      while case let piece = try process.read(1 << 16, within: HDF5Limits.idleSeconds), !piece.isEmpty,
        answer.count <= HDF5Limits.pathByteCount
      {
        answer += piece
      }
    } catch {
      throw SourceError(error)
    }
    switch process.wait() {
    case .exited(0): break
    case .exited(let status) where status == HDF5Exit.missingLibrary: throw missingLibrary(output.path.string)
    case .exited(let status) where status > HDF5Exit.systemError:
      let reason = Errno(rawValue: status - HDF5Exit.systemError)
      throw SourceError(BytesError(cannotWrite: output.path, reason))
    case .exited(let status): throw failure("the worker ended with status \(status)", output)
    case .signalled(let signal): throw failure("the worker was ended by signal \(signal)", output)
    case .timedOut: throw failure("the worker made no progress for \(HDF5Limits.idleSeconds) s", output)
    }
    if answer.isEmpty { return }
    guard case .failure(_, let message) = HDF5Index(answer) else {
      throw failure("the worker's answer is damaged", output)
    }
    throw failure(message, output)
  }

  private static func failure(_ reason: String, _ output: AtomicFile) -> SourceError {
    SourceError(.inputOutput, "cannot make the HDF5 file: \(reason)", file: output.path.string)
  }
}

extension HDF5Tree {
  /// Where the data of each dataset lies in a file, or `nil` where the file is anything else than this tree with room
  /// for all data.
  func offsets(in found: [HDF5Object], fileSize: UInt64) -> [UInt64]? {
    guard found.count == objects.count else { return nil }
    let byPath = Dictionary(found.map { ($0.path, $0) }) { first, _ in first }
    var offsets: [UInt64] = []
    var rooms: [(offset: UInt64, byteCount: UInt64)] = []
    for object in objects {
      let attributes = Dictionary(object.attributes.map { ($0.name, Optional($0.value.texts)) }) { first, _ in
        first
      }
      guard let twin = byPath[object.path], twin.attributes == attributes else { return nil }
      guard let dataset = object.dataset else {
        guard twin.kind == .group else { return nil }
        continue
      }
      let type: HDF5Object.ElementKind =
        dataset.elementType == .bfloat16 ? .twoBytes : .numbers(dataset.elementType, isBigEndian: false)
      guard case .dataset(let place) = twin.kind, place.type == type, place.shape == dataset.shape,
        case .contiguous(let offset, let byteCount) = place.layout, byteCount == dataset.byteCount,
        byteCount <= fileSize, offset <= fileSize - byteCount
      else { return nil }
      offsets.append(offset)
      rooms.append((offset, byteCount))
    }
    rooms.sort { $0.offset < $1.offset }
    for (room, next) in zip(rooms, rooms.dropFirst()) where room.offset + room.byteCount > next.offset {
      return nil
    }
    return offsets
  }
}
