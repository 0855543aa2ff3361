import Bytes
import Checkpoint
public import Execution
import SystemPackage

/// Checks the pins of a file, several at a time.
public struct PinChecker: Sendable {
  /// So many networks are in memory at a time at most; further threads make each of them faster instead.
  public static let maximumConcurrency = 4

  /// What runs the networks.
  public let engine: Engine
  /// How many threads all of them may use together.
  public let threads: Int
  /// What reads the names of taps that are not canonical.
  public let translation: Reference.Translation

  /// Creates a checker that uses at most so many threads; `nil` for one per core.
  public init(
    engine: Engine = .reference, threads: Int? = nil,
    translation: @escaping Reference.Translation = { reference, _ in reference }
  ) {
    self.engine = engine
    self.translation = translation
    self.threads = threads ?? Engine.defaultThreads
  }

  /// Checks every pin of a file.
  ///
  /// - Returns: what became of the pins, in the order of the file.
  public func check(_ file: PinFile) async -> [PinCheck] {
    let width = max(1, min(Self.maximumConcurrency, threads, file.entries.count))
    let verifierThreads = threads / width
    return await withTaskGroup(of: (Int, PinCheck).self) { group in
      var checks = [PinCheck?](repeating: nil, count: file.entries.count)
      for (index, entry) in file.entries.enumerated() {
        // A free place is waited for, so that memory stays bounded.
        if index >= width, let (done, check) = await group.next() { checks[done] = check }
        group.addTask {
          (index, PinCheck(entry: entry, outcome: outcome(of: entry.pin, in: file, threads: verifierThreads)))
        }
      }
      for await (done, check) in group { checks[done] = check }
      return checks.compactMap { $0 }
    }
  }

  private func outcome(of pin: Pin, in file: PinFile, threads: Int) -> PinCheck.Outcome {
    do throws(VerificationError) {
      let checkpoint = try open(pin.checkpoint, of: file, orElse: .missingCheckpoint) {
        (path) throws(VerificationError) in
        do throws(CheckpointError) {
          return try Checkpoint(path)
        } catch {
          throw VerificationError(error)
        }
      }
      let reference = try open(pin.reference, of: file, orElse: .missingReference) {
        (path) throws(VerificationError) in try Reference(path)
      }
      let found = try Pin(
        checkpoint, named: pin.checkpoint, against: reference, named: pin.reference, tolerance: pin.tolerance)
      let changes = pin.changes(to: found)
      guard changes.isEmpty else { return .changed(changes) }
      let verifier = Verifier(tolerance: pin.tolerance, engine: engine, threads: threads)
      let verdict = try verifier.verify(checkpoint, against: translation(reference, checkpoint))
      return verdict.passed ? .holds(verdict) : .diverged(verdict)
    } catch {
      return .unchecked(error)
    }
  }

  /// Opens a file of a pin. Where it is not there, the error says what to do about the pin.
  private func open<File>(
    _ name: String, of file: PinFile, orElse missing: VerificationError.Code,
    _ open: (FilePath) throws(VerificationError) -> File
  ) throws(VerificationError) -> File {
    let subject = missing == .missingCheckpoint ? "checkpoint" : "reference"
    let path = file.location(of: name)
    do throws(VerificationError) {
      return try open(path)
    } catch {
      if !path.exists {
        throw VerificationError(
          missing, "the pinned \(subject) does not exist", file: path.string,
          hint: "\(missing == .missingCheckpoint ? "import" : "record") it again, or give the pin up with "
            + "'attnconv pin --remove'")
      }
      if Self.isPointer(path) {
        throw VerificationError(
          missing, "found a git-lfs pointer, the pinned \(subject) itself was not fetched", file: path.string,
          hint: "run 'git lfs pull' in the repository")
      }
      throw error
    }
  }

  /// Whether a file only stands for one that git-lfs keeps elsewhere
  /// (https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md).
  private static func isPointer(_ path: FilePath) -> Bool {
    let beginning = Array("version https://git-lfs.github.com/spec/".utf8)
    return (try? InputFile(path).read(at: 0, count: beginning.count)) == beginning
  }
}
