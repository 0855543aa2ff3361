import Architectures
import Checkpoint
import Execution
import Testing
import TestSupport
import Verification

/// Which parts of a network are broken by themselves, whatever differs behind them.
@Suite struct DiagnosisTests {
  private let directory: TemporaryDirectory

  init() throws { directory = try TemporaryDirectory() }

  private static let network = ReferenceCase("timm-cbam-resnet18")
  private static let module = ReferenceCase("module-cbam-k49")

  private func verify(
    _ row: ReferenceCase, _ verifier: Verifier = Verifier(), reference: Reference? = nil,
    _ change: (inout ChangedCheckpoint) -> Void
  ) throws -> Verdict {
    var changed = try ChangedCheckpoint(row.checkpoint())
    change(&changed)
    let checkpoint = try Checkpoint(directory.create("changed.safetensors", changed.bytes()))
    return try verifier.verify(checkpoint, against: reference ?? row.reference())
  }

  @Test func `one broken block is named and not all that follow`() throws {
    let verdict = try verify(Self.network) { $0.swapPools("stages.1.blocks.0.attention.spatial.conv.weight") }
    #expect(verdict.brokenParts.map(\.node) == ["stages.1.blocks.0.relu"])
    #expect(verdict.brokenParts.first?.sources == ["stages.0.blocks.1.relu"])
    #expect(verdict.brokenParts.first?.nodes == verdict.divergence?.suspects)
    #expect(verdict.local.map(\.tensor) == verdict.comparisons.map(\.tensor))
    #expect(verdict.local.count { $0.passes } == 9)
    #expect(
      verdict.comparisons.filter(verdict.follows).map(\.node) == [
        "stages.1.blocks.1.relu", "stages.2.blocks.0.relu", "stages.2.blocks.1.relu",
        "stages.3.blocks.0.relu", "stages.3.blocks.1.relu", "head",
      ])
  }

  @Test func `two broken blocks are both named`() throws {
    let verdict = try verify(Self.network) {
      $0.swapPools("stages.0.blocks.1.attention.spatial.conv.weight")
      $0.change("stages.2.blocks.1.norm2.bias") { $1.map { $0 + 1 } }
      $0.change("head.bias") { $1.reversed() }
    }
    #expect(verdict.divergence?.node == "stages.0.blocks.1.relu")
    #expect(
      verdict.brokenParts.map(\.node) == ["stages.0.blocks.1.relu", "stages.2.blocks.1.relu", "head"])
  }

  @Test func `parts end at taps inside of a module, too`() throws {
    let verdict = try verify(Self.module) { changed in
      changed.change("attention.channel.expand.weight") { $1.map { 2 * $0 } }
    }
    #expect(verdict.brokenParts.map(\.node) == ["attention.channel.scale"])
    #expect(verdict.comparisons.filter(verdict.follows).map(\.node).count == 3)
  }

  @Test func `weights that are not finite are named`() throws {
    let verdict = try verify(Self.network) {
      $0.change("stages.2.blocks.0.conv2.weight") { [.nan] + $1.dropFirst() }
      $0.change("stages.3.blocks.1.norm1.running_var") { $1.dropLast() + [.infinity] }
    }
    #expect(verdict.brokenParts.map(\.node) == ["stages.2.blocks.0.relu", "stages.3.blocks.1.relu"])
    #expect(
      verdict.diagnosis?.nonFiniteParameters == [
        "stages.2.blocks.0.conv2.weight", "stages.3.blocks.1.norm1.running_var",
      ])
  }

  @Test func `behind recorded numbers that are not finite the network's own are used`() throws {
    let reference = try Self.network.changedReference(in: directory) {
      $0["taps.stages.0.blocks.0.relu"]?.values[0] = .nan
    }
    let verdict = try verify(Self.network, reference: reference) { _ in }
    #expect(verdict.brokenParts.map(\.node) == ["stages.0.blocks.0.relu"])
    #expect(verdict.local.count { $0.passes } == 9)
  }

  @Test func `without taps the network is one part`() throws {
    let reference = try Self.module.changedReference(in: directory) { file in
      for name in file.entries.keys where name.hasPrefix("taps.") { file.entries[name] = nil }
    }
    let verdict = try verify(Self.module, Verifier(engine: .reference), reference: reference) {
      $0.swapPools("attention.spatial.conv.weight")
    }
    #expect(
      verdict.brokenParts.map(\.nodes) == [try ModelWeights(Self.module.checkpoint()).graph.nodes.map(\.name)]
    )
    #expect(verdict.local == [verdict.output])
  }

  @Test(.enabled(if: Engine.oneDNN.isAvailable))
  func `rounding of an engine breaks no part`() throws {
    let verdict = try verify(Self.network, Verifier(tolerance: 1e-7, engine: .oneDNN)) { _ in }
    #expect(!verdict.passed)
    #expect(verdict.diagnosis != nil)
    #expect(verdict.brokenParts.isEmpty)
  }

  @Test func `a network that agrees is not diagnosed, nor one that nobody asks about`() throws {
    #expect(try verify(Self.module) { _ in }.diagnosis == nil)
    let verdict = try verify(Self.module, Verifier(diagnoses: false)) {
      $0.swapPools("attention.spatial.conv.weight")
    }
    #expect(!verdict.passed)
    #expect(verdict.diagnosis == nil)
  }
}

extension ReferenceCase {
  /// The case's reference with some tensors changed.
  func changedReference(
    in directory: borrowing TemporaryDirectory, _ change: (inout PlainFile) -> Void
  ) throws -> Reference {
    let original = try reference()
    var file = PlainFile()
    for record in original.file.header.tensors {
      file[record.name] = (record.shape, try original.file.tensor(record).values)
    }
    change(&file)
    return try Reference(directory.create("reference.safetensors", file.bytes()))
  }
}
