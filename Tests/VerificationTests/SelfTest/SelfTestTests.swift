import Execution
import Testing
import Verification

/// The verifier catches the known faults in networks whose references come from the authors' code.
@Suite struct SelfTestTests {
  /// A run takes seconds in a build for debugging, so the tests share them.
  private static let runs = Result {
    try Dictionary(
      uniqueKeysWithValues: Engine.allCases.filter(\.isAvailable).map { ($0, try SelfTest(engine: $0)) })
  }

  @Test(arguments: Engine.allCases.filter(\.isAvailable))
  func `sound networks pass on every engine and every fault is caught`(_ engine: Engine) throws {
    let test = try #require(Self.runs.get()[engine])
    #expect(test.passed)
    #expect(test.engine == engine)
    let engines = Engine.allCases.filter(\.isAvailable)
    #expect(test.sound.map(\.engine) == Array(repeating: engines, count: 7).flatMap(\.self))
    for row in test.sound {
      let bound = row.engine == .reference ? 1e-7 : 2e-6
      #expect(row.passes && (row.relativeDifference ?? 1) < bound, "\(row)")
    }
    for row in test.injections {
      #expect(row.isCaught, "\(row.network) \(row.fault)")
      #expect(row.isLocated, "\(row.network) \(row.fault)")
      // The only fault that the networks' maps are too small for.
      if row.refusal != nil { #expect(row.fault.identifier == "fixed-head-pool") }
      // What a mistake has lost cannot be found again.
      let isLost = ["fresh-statistics", "missing-norm", "signed-norm-weights"].contains(row.fault.identifier)
      if let isNamed = row.isNamed { #expect(isNamed == !isLost, "\(row.network) \(row.fault)") }
      if let difference = row.relativeDifference { #expect(difference > test.tolerance) }
    }
  }

  @Test func `the first place of each mistake is diagnosed`() throws {
    let test = try #require(Self.runs.get()[.reference])
    var seen: [String: Set<KnownFault.Mistake>] = [:]
    for row in test.injections {
      let isFirst = seen[row.network, default: []].insert(row.fault.mistake).inserted
      #expect((row.isNamed != nil) == (isFirst && row.refusal == nil), "\(row.network) \(row.fault)")
    }
  }

  /// The mistakes that each network has a place for; a place that gets lost shows here.
  @Test func `each network is given every fault that it has a place for`() throws {
    let everywhere: Set = [
      "norm-epsilon 0.001", "norm-epsilon 1.001e-05", "norm-epsilon 2e-05", "swapped-statistics",
      "swapped-scale-and-shift", "fresh-statistics", "transposed-kernel", "swapped-channels",
      "flipped-kernel", "asymmetric-padding",
    ]
    let residual = everywhere.union(["limited-activation", "swapped-layers norm2 and shortcut.norm"])
    let basic = residual.union(["swapped-layers norm1 and norm2", "swapped-layers conv1 and conv2"])
    let adaptive: Set = ["fixed-head-pool 7", "fixed-head-pool 4"]
    let expected: [String: Set<String>] = [
      "resnet-bam": basic.union([
        "added-branches", "global-channel-pool", "adaptive-head-pool", "dilation 1", "dilation 2",
        "swapped-layers spatial.dilated.0 and spatial.dilated.1",
        "swapped-layers spatial.dilated_norm.0 and spatial.dilated_norm.1",
      ]),
      "resnet-cbam": basic.union(adaptive).union([
        "swapped-pool-order", "missing-norm", "added-residual", "added-activation",
      ]),
      "resnet-eca": basic.union(adaptive).union(["circular-channel-edge", "added-activation"]),
      "resnet-nam": basic.union(adaptive).union(["signed-norm-weights", "missing-norm", "added-activation"]),
      "resnet-se": basic.union(adaptive).union(["added-activation"]),
      "resnet-bottleneck": everywhere.union(adaptive).union([
        "limited-activation", "stride-position conv1", "swapped-layers norm1 and norm2",
        "swapped-layers norm3 and shortcut.norm",
      ]),
      "mobilenet-v2": everywhere.union(["unlimited-activation", "swapped-layers norm1 and norm2"]),
    ]
    let test = try #require(Self.runs.get()[.reference])
    var found: [String: Set<String>] = [:]
    for row in test.injections {
      let words = [row.fault.identifier, row.fault.variant].compactMap(\.self)
      found[row.network, default: []].insert(words.joined(separator: " "))
    }
    #expect(Set(found.keys) == Set(expected.keys))
    for (network, faults) in expected {
      #expect(found[network]?.symmetricDifference(faults) == [], "\(network)")
    }
  }

  @Test func `faults that a tolerance lets pass fail the self-test`() throws {
    let test = try SelfTest(tolerance: 0.9)
    #expect(test.sound.allSatisfy { $0.passes })
    #expect(!test.passed)
    let missed = test.injections.filter { !$0.isCaught }
    #expect(missed.contains { $0.fault == KnownFault(.epsilon(1.001e-5), .everywhere) })
    #expect(missed.allSatisfy { $0.relativeDifference.map { $0 <= 0.9 } == true && !$0.isLocated })
  }
}
