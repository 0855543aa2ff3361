import Bytes
import Checkpoint
import SystemPackage
import TestSupport
import Testing
import Verification

/// A folder with checkpoints, references and a pin file, as a project has them.
struct PinnedProject {
  let directory: TemporaryDirectory

  init() throws { directory = try TemporaryDirectory() }

  var pins: FilePath { directory.file(PinFile.defaultName) }

  /// Copies a case into the folder: `<name>.safetensors` and `<name>.reference.safetensors`.
  func add(_ row: ReferenceCase) throws {
    try copy(row.checkpointPath, "\(row.name).safetensors")
    try copy(row.referencePath, "\(row.name).reference.safetensors")
  }

  /// Copies a case into the folder and pins it.
  func pin(_ row: ReferenceCase) throws {
    try add(row)
    #expect(try PinFile.add(found(row), to: pins, replacing: false) == .added)
  }

  /// What the files of a case are now, as a pin.
  func found(_ row: ReferenceCase) throws -> Pin {
    let (checkpoint, reference) = ("\(row.name).safetensors", "\(row.name).reference.safetensors")
    return try Pin(
      Checkpoint(directory.file(checkpoint)), named: checkpoint,
      against: Reference(directory.file(reference)), named: reference, tolerance: 1e-5)
  }

  /// Replaces the checkpoint of a case by a valid one that differs.
  func change(_ row: ReferenceCase, _ body: (inout ChangedCheckpoint) -> Void) throws {
    var changed = try ChangedCheckpoint(row.checkpoint())
    body(&changed)
    _ = try directory.create("\(row.name).safetensors", changed.bytes())
  }

  private func copy(_ source: FilePath, _ name: String) throws {
    _ = try directory.create(name, InputFile(source).read(at: 0, count: Int(InputFile(source).size)))
  }
}
