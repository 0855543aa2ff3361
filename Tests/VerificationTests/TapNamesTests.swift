import Architectures
import Checkpoint
import Execution
import SystemPackage
import TestSupport
import Testing

@testable import Verification

/// Taps by the names of a code base's modules.
@Suite struct TapNamesTests {
  private let directory: TemporaryDirectory
  private let row = ReferenceCase("module-bam")
  private let gate = "attention.channel.unflatten"

  init() throws { directory = try TemporaryDirectory() }

  /// The reference of the case, whose tap of the channel gate is changed.
  private func reference(
    tapNames: String?, _ change: (inout PlainFile) -> Void = { _ in }
  ) throws -> Reference {
    let original = try row.reference()
    var file = PlainFile()
    for record in original.file.header.tensors
    where [
      "input", "output", "taps.\(gate)",
    ].contains(record.name) {
      file[record.name] = (record.shape, try original.file.tensor(record).values)
    }
    if let tapNames { file.metadata = [("attnconv.reference", #"{"tapNames": "\#(tapNames)"}"#)] }
    change(&file)
    return try Reference(directory.create("reference.safetensors", file.bytes()))
  }

  private func rename(_ file: inout PlainFile, _ name: String) {
    file.entries["taps." + name] = file.entries.removeValue(forKey: "taps.\(gate)")
  }

  /// The names of one module.
  @Sendable private static func names(_ module: String) throws(ReferenceFault) -> String {
    guard module == "channel_att" else {
      throw ReferenceFault(
        module, found: "nothing", expected: "something", suggestion: "channel_att")
    }
    return "attention.channel.unflatten"
  }

  private func error(_ hint: String, _ faults: ReferenceFault...) -> VerificationError {
    VerificationError(
      .unsuitableReference,
      "the reference does not fit the network: " + faults.map(\.text).joined(separator: "; "),
      file: directory.file("reference.safetensors").string, hint: hint, faults: faults)
  }

  private static let layers = "'attnconv inspect CHECKPOINT --layers' lists the nodes and their shapes"
  private static let modules =
    "leave these modules out when recording, or record them as {\"module\": \"canonical name\"}; "
    + "--dialect chooses another code base"

  @Test(arguments: ["source", nil])
  func `a module is compared with its node`(_ tapNames: String?) throws {
    let reference = try reference(tapNames: tapNames) { rename(&$0, "channel_att") }.reading(Self.names)
    let verdict = try Verifier().verify(row.checkpoint(), against: reference)
    #expect(verdict.passed)
    #expect(verdict.taps.map(\.tensor) == ["taps.channel_att"])
    #expect(verdict.taps.map(\.node) == [gate])
  }

  @Test(arguments: ["canonical", nil])
  func `canonical names are read first`(_ tapNames: String?) throws {
    let reference = try reference(tapNames: tapNames).reading { module throws(ReferenceFault) in
      throw ReferenceFault(module, found: "asked", expected: "not asked")
    }
    #expect(try Verifier().verify(row.checkpoint(), against: reference).passed)
  }

  @Test func `where names are those of modules, canonical ones are not read`() throws {
    let reference = try reference(tapNames: "source").reading(Self.names)
    #expect(
      throws: error(
        Self.modules,
        ReferenceFault(
          "taps.\(gate)", found: "nothing", expected: "something", suggestion: "taps.channel_att"))
    ) { try Verifier().verify(row.checkpoint(), against: reference) }
  }

  @Test func `where names are canonical, those of modules are not read`() throws {
    let reference = try reference(tapNames: "canonical") { rename(&$0, "channel_att") }.reading(Self.names)
    #expect(
      throws: error(
        Self.layers,
        ReferenceFault("taps.channel_att", found: "no such node in the network", expected: "a canonical name")
      )
    ) { try Verifier().verify(row.checkpoint(), against: reference) }
  }

  @Test func `names that cannot be read and wrong shapes are told together`() throws {
    let reference = try reference(tapNames: "source") { file in
      file["taps.pool"] = file["taps.\(gate)"]
      rename(&file, "channel_att")
      file["taps.channel_att"] = ([3, 2], [1, 2, 3, 4, 5, 6])
    }.reading(Self.names)
    let node = try row.checkpoint()
    let graph = try Architecture(json: node.metadata.architecture).graph()
    let index = try #require(graph.index(of: gate))
    let shape = try graph.shapes(input: reference.input.shape)[index]
    #expect(
      throws: error(
        Self.modules,
        ReferenceFault(
          "taps.channel_att", found: "shape [3, 2]", expected: "\(shape), the shape of \(gate)"),
        ReferenceFault("taps.pool", found: "nothing", expected: "something", suggestion: "taps.channel_att"))
    ) { try Verifier().verify(node, against: reference) }
  }

  @Test(
    arguments: [
      ("source", "channel_att", true), ("source", "attention.sigmoid", true),
      ("canonical", "channel_att", false),
      (nil, "channel_att", true), (nil, "attention.sigmoid", false), (nil, "attention", false),
    ])
  func `names of modules are asked for where they are needed`(
    _ tapNames: String?, _ name: String, _ needed: Bool
  ) throws {
    let graph = try Architecture(json: row.checkpoint().metadata.architecture).graph()
    #expect(
      try reference(tapNames: tapNames) { rename(&$0, name) }.needsModuleNames(in: graph) == needed)
  }

  @Test func `a gate that was repeated to the size of the map is compared once`() throws {
    let reference = try reference(tapNames: nil) { file in
      guard let gate = file["taps.\(gate)"] else { return }
      file["taps.\(self.gate)"] = (
        Array(gate.shape.prefix(2)) + [2, 3], gate.values.flatMap { Array(repeating: $0, count: 6) }
      )
    }
    #expect(try Verifier().verify(row.checkpoint(), against: reference).passed)
  }

  @Test func `a gate that differs from place to place is refused`() throws {
    let reference = try reference(tapNames: nil) { file in
      guard let gate = file["taps.\(gate)"] else { return }
      var values = gate.values.flatMap { Array(repeating: $0, count: 6) }
      values[1] += 1
      file["taps.\(self.gate)"] = (Array(gate.shape.prefix(2)) + [2, 3], values)
    }
    let shape = try #require(row.reference().taps.first { $0.name == "taps.\(gate)" }).shape
    let fault = ReferenceFault(
      "taps.\(gate)",
      found: "shape \(Array(shape.prefix(2)) + [2, 3]) with numbers that differ along its broadcast sides",
      expected: "\(shape)")
    #expect(
      throws: VerificationError(
        .unsuitableReference, "the reference does not fit the network: \(fault.text)",
        file: directory.file("reference.safetensors").string, faults: [fault])
    ) { try Verifier().verify(row.checkpoint(), against: reference) }
  }
}
