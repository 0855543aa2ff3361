import Checkpoint
import Execution
import JSON
import SystemPackage
import TestSupport
import Testing
@testable import Verification

/// What becomes of pins: each way in which one no longer holds is told apart.
@Suite struct PinCheckerTests {
  private let project: PinnedProject
  private let row = ReferenceCase("module-nam")

  init() throws { project = try PinnedProject() }

  private func check() async throws -> [PinCheck] { await PinChecker().check(try PinFile(project.pins)) }

  /// The only check of the project.
  private func outcome() async throws -> PinCheck.Outcome { try #require(try await check().first).outcome }

  private var checkpointPath: String { project.directory.file("module-nam.safetensors").string }
  private var referencePath: String { project.directory.file("module-nam.reference.safetensors").string }

  @Test(arguments: [1, 2, 3, 64])
  func `pins that hold are told in the order of the file`(_ threads: Int) async throws {
    let rows = ReferenceCase.all.filter { $0.name.hasPrefix("module-") }
    for row in rows { try project.pin(row) }
    let file = try PinFile(project.pins)
    let checks = await PinChecker(threads: threads).check(file)
    #expect(checks.count == rows.count && rows.count > 3)
    #expect(checks.map(\.entry) == file.entries)
    #expect(checks.allSatisfy { $0.holds })
    guard case .holds(let verdict) = checks.last?.outcome else { return }
    #expect(verdict.passed && !verdict.comparisons.isEmpty)
  }

  @Test func `a missing checkpoint is told with what to do`() async throws {
    try project.pin(row)
    try project.directory.remove("module-nam.safetensors")
    #expect(
      try await outcome()
        == .unchecked(
          VerificationError(
            .missingCheckpoint, "the pinned checkpoint does not exist", file: checkpointPath,
            hint: "import it again, or give the pin up with 'attnconv pin --remove'")))
  }

  @Test func `a missing reference is told with what to do`() async throws {
    try project.pin(row)
    try project.directory.remove("module-nam.reference.safetensors")
    #expect(
      try await outcome()
        == .unchecked(
          VerificationError(
            .missingReference, "the pinned reference does not exist", file: referencePath,
            hint: "record it again, or give the pin up with 'attnconv pin --remove'")))
  }

  @Test func `a file that git-lfs did not fetch is told with what to do`() async throws {
    try project.pin(row)
    let pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n"
    _ = try project.directory.create("module-nam.reference.safetensors", Array(pointer.utf8))
    #expect(
      try await outcome()
        == .unchecked(
          VerificationError(
            .missingReference, "found a git-lfs pointer, the pinned reference itself was not fetched",
            file: referencePath, hint: "run 'git lfs pull' in the repository")))
  }

  @Test func `a file that cannot be read is told as it is`() async throws {
    try project.pin(row)
    _ = try project.directory.create("module-nam.safetensors", [1, 2, 3])
    guard case .unchecked(let error) = try await outcome() else {
      Issue.record("expected an error")
      return
    }
    #expect(error.identifier == "truncated")
    #expect(error.file == checkpointPath)
  }

  @Test func `other weights are a change of the content`() async throws {
    try project.pin(row)
    let pinned = try project.found(row).content
    try project.change(row) { $0.change("attention.channel.norm.bias") { [$1[0] + 1] + $1.dropFirst() } }
    let found = try project.found(row).content
    #expect(pinned != found)
    #expect(
      try await outcome()
        == .changed([PinChange(member: "content", pinned: .string(pinned), found: .string(found))]))
  }

  @Test func `the same weights in another network are a change of the architecture`() async throws {
    try project.pin(row)
    try project.change(row) { $0.set("epsilon", .number(1e-3)) }
    #expect(
      try await outcome()
        == .changed([PinChange(member: "architecture.epsilon", pinned: .number(1e-5), found: .number(1e-3))]))
  }

  @Test func `another reference is a change even where it passes`() async throws {
    try project.pin(row)
    let pinned = try project.found(row).referenceSHA256
    let original = try row.reference()
    var file = PlainFile()
    for record in original.file.header.tensors where record.name == "input" || record.name == "output" {
      file[record.name] = (record.shape, try original.file.tensor(record).values)
    }
    _ = try project.directory.create("module-nam.reference.safetensors", file.bytes())
    let found = try project.found(row).referenceSHA256
    #expect(
      try await outcome()
        == .changed([PinChange(member: "referenceSha256", pinned: .string(pinned), found: .string(found))]))
  }

  @Test func `bytes that were tampered with do not pass for what is pinned`() async throws {
    try project.pin(row)
    var bytes = try project.directory.bytes(of: "module-nam.safetensors")
    bytes[bytes.count - 1] ^= 1
    _ = try project.directory.create("module-nam.safetensors", bytes)
    guard case .unchecked(let error) = try await outcome() else {
      Issue.record("expected an error")
      return
    }
    #expect(error.identifier == "digest-mismatch")
    #expect(error.file == checkpointPath)
  }

  @Test func `a network that differs is a verdict`() async throws {
    try project.add(row)
    try project.change(row) { $0.change("attention.channel.norm.bias") { [$1[0] + 1] + $1.dropFirst() } }
    _ = try PinFile.add(project.found(row), to: project.pins, replacing: false)
    guard case .diverged(let verdict) = try await outcome() else {
      Issue.record("expected a verdict")
      return
    }
    #expect(verdict.divergence?.node == "attention.channel.norm")
  }

  @Test func `the pinned tolerance decides`() async throws {
    try project.add(row)
    try project.change(row) { $0.set("epsilon", .number(1.1e-5)) }
    for (tolerance, holds) in [(1e-3, true), (1e-9, false)] {
      var pin = try project.found(row)
      pin.tolerance = tolerance
      _ = try PinFile.add(pin, to: project.pins, replacing: true)
      #expect(try await check().map(\.holds) == [holds])
    }
  }
}
