import CHDF5
import JSON
import SourceFormats
import SystemPackage

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The worker process: it alone runs the HDF5 library, on a descriptor that the parent has opened, under limits of
/// the operating system. It cannot open a file, and the parent believes nothing that it says.
public enum Worker {
  /// The descriptor of the file (`WorkerProcess.fileDescriptor`).
  private static let descriptor: CInt = 3

  /// Does what the arguments of the process ask for and ends it; returns where they ask for no work.
  public static func runIfAsked(_ arguments: [String]) {
    guard arguments.count == 2, let task = HDF5Task(rawValue: arguments[1]) else { return }
    guard worker_end_with_parent() == 0 else { end(HDF5Exit.noLimits) }
    switch task {
    case .index:
      let (request, library) = begin(HDF5Limits.indexSeconds)
      write(index(of: open(request, library), library))
    case .read:
      let (request, library) = begin(HDF5Limits.readSeconds)
      read(request[2...], from: open(request, library), library)
    case .layOut: layOut()
    }
    end(0)
  }

  /// Gives up what is not needed and loads the library; the numbers of the request were read before.
  private static func begin(_ seconds: UInt64) -> (request: [UInt64], library: Library) {
    let bytes = request()
    let numbers = stride(from: 0, to: bytes.count - 7, by: 8).map { start in
      bytes[start..<start + 8].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    }
    guard numbers.count >= 2 else { end(HDF5Exit.undecodable) }
    return (numbers, confinedLibrary(seconds, fileSize: 0))
  }

  private static func confinedLibrary(_ seconds: UInt64, fileSize: UInt64) -> Library {
    guard worker_limit(HDF5Limits.addressSpace, seconds, fileSize) == 0 else { end(HDF5Exit.noLimits) }
    worker_close_others()
    guard let library = Library() else { end(HDF5Exit.missingLibrary) }
    guard worker_forbid_files() == 0 else { end(HDF5Exit.noLimits) }
    return library
  }

  private static func open(_ request: [UInt64], _ library: Library) -> hid_t {
    library.open(hdf5_part(descriptor: descriptor, offset: request[0], size: request[1], failure: 0))
  }

  private static func layOut() {
    guard let tree = HDF5Tree(request()), let byteCount = tree.byteCount else { end(HDF5Exit.undecodable) }
    let library = confinedLibrary(
      HDF5Limits.indexSeconds, fileSize: byteCount + HDF5Limits.structureByteCount)
    let file = library.create(hdf5_part(descriptor: descriptor, offset: 0, size: 0, failure: 0))
    do throws(Refusal) {
      guard file >= 0 else { throw Refusal(.unsupported, "no file can be begun: \(library.reason)") }
      try TreeWriter.write(tree, to: file, library)
    } catch {
      let failure = library.writeFailure
      if failure > 0 { end(HDF5Exit.systemError + failure) }
      write(.failure(error.code, error.message))
    }
  }

  private static func index(of file: hid_t, _ library: Library) -> HDF5Index {
    guard file >= 0 else {
      return .failure(.malformed, "the HDF5 library cannot open the file: \(library.reason)")
    }
    do throws(Refusal) {
      var walk = Walk(library)
      return .objects(try walk.objects(of: file))
    } catch {
      return .failure(error.code, error.message)
    }
  }

  private static func read(_ addresses: ArraySlice<UInt64>, from file: hid_t, _ library: Library) {
    guard file >= 0 else { end(HDF5Exit.undecodable) }
    for address in addresses {
      do throws(Refusal) {
        let dataset = try Dataset(library, openedIn: file, at: address)
        write((0..<8).map { UInt8(truncatingIfNeeded: dataset.byteCount >> ($0 * 8)) })
        try dataset.forEachPiece { write($0) }
      } catch {
        end(HDF5Exit.undecodable)
      }
    }
  }

  /// What is asked for, all of it before the first answer: see `HDF5Task`.
  private static func request() -> [UInt8] {
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    while let count = try? unsafe buffer.withUnsafeMutableBytes({
      try unsafe FileDescriptor.standardInput.read(into: $0)
    }),
      count > 0
    {
      bytes += buffer[..<count]
    }
    return bytes
  }

  private static func write(_ index: HDF5Index) { write(Array(index.json.text().utf8)) }

  private static func write(_ bytes: [UInt8]) {
    // A parent that went away has sent a signal by then.
    _ = try? FileDescriptor.standardOutput.writeAll(bytes)
  }

  /// Ends at once: the library's own cleaning up would only touch a damaged file again.
  private static func end(_ status: Int32) -> Never { _exit(status) }
}

/// Why a file, or a part of it, is not read.
struct Refusal: Error {
  var code: SourceError.Code
  var message: String

  init(_ code: SourceError.Code, _ message: String) {
    self.code = code
    self.message = message
  }
}
