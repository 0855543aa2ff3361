import Architectures
import Bytes
public import Execution

/// Whether the verifier catches what it should: known faults are injected into small networks that the program carries
/// with it.
///
/// The networks hold each kind of attention. Their references come from PyTorch with the authors' code. As they are,
/// the networks must pass on every engine; with any fault that they have a place for, they must fail.
public struct SelfTest: Hashable, Sendable {
  /// How a sound network fared on an engine.
  public struct Soundness: Hashable, Sendable {
    /// The network.
    public let network: String
    /// What ran it.
    public let engine: Engine
    /// Whether all recorded tensors agree.
    public let passes: Bool
    /// The largest difference of any tensor, relative to the tensor's largest magnitude; `nil` where numbers are not
    /// finite.
    public let relativeDifference: Double?
  }

  /// How a network with a fault fared.
  public struct Injection: Hashable, Sendable {
    /// The network.
    public let network: String
    /// What was injected.
    public let fault: KnownFault
    /// Whether the verification fails.
    public let isCaught: Bool
    /// Whether a node that the fault changes is among those under suspicion, or named by the refusal.
    public let isLocated: Bool
    /// Whether the diagnosis finds a cause there that restores agreement. `nil` where it was not asked: of each mistake in
    /// a network the first place is diagnosed. What a mistake has lost cannot be restored, such as the numbers of a norm.
    public let isNamed: Bool?
    /// The largest difference of any tensor, relative to the tensor's largest magnitude; `nil` where numbers are not
    /// finite or the network could not run.
    public let relativeDifference: Double?
    /// Why the network cannot be run on the input or compared with the reference, in words, which fails a verification,
    /// too; `nil` where it was compared.
    public let refusal: String?
  }

  /// The largest difference that passes, relative to the largest magnitude of a tensor.
  public let tolerance: Double
  /// What ran the networks with faults.
  public let engine: Engine
  /// The sound networks on every engine of this build.
  public let sound: [Soundness]
  /// The networks with faults, most likely faults of each network first.
  public let injections: [Injection]

  /// Whether every sound network passes and every fault is caught.
  public var passed: Bool { sound.allSatisfy(\.passes) && injections.allSatisfy(\.isCaught) }

  /// Runs everything; needs no files. The networks are too small to gain from more than one thread.
  ///
  /// - Throws: ``VerificationError`` with code `executionFailed` where an engine fails.
  public init(
    tolerance: Double = Verifier.defaultTolerance, engine: Engine = .fastest, threads: Int = 1
  ) throws(VerificationError) {
    self.tolerance = tolerance
    self.engine = engine
    var sound: [Soundness] = []
    var injections: [Injection] = []
    for network in try SelfTestNetwork.all() {
      for engine in Engine.allCases where engine.isAvailable {
        let verifier = Verifier(tolerance: tolerance, engine: engine, threads: threads, diagnoses: false)
        let verdict = try verifier.verdict(network.weights, network.reference)
        sound.append(
          Soundness(
            network: network.name, engine: engine, passes: verdict.passed,
            relativeDifference: verdict.relativeDifference))
      }
      let verifier = Verifier(tolerance: tolerance, engine: engine, threads: threads, diagnoses: false)
      let nodes = Set(network.weights.graph.nodes.map(\.name))
      let diagnosing = Verifier(tolerance: tolerance, engine: engine, threads: threads)
      var mistakes: Set<KnownFault.Mistake> = []
      for fault in KnownFault.candidates(in: network.weights, nodes: nodes) {
        let isFirst = mistakes.insert(fault.mistake).inserted
        injections.append(Injection(fault, network, isFirst ? diagnosing : verifier))
      }
    }
    self.sound = sound
    self.injections = injections
  }
}

extension SelfTest.Injection {
  fileprivate init(_ fault: KnownFault, _ network: SelfTestNetwork, _ verifier: Verifier) {
    self.network = network.name
    self.fault = fault
    do {
      let faulty = try fault.injected(into: network.weights)
      let nodes = Set(fault.nodes(in: network.weights))
      let verdict = try verifier.verdict(faulty, network.reference)
      isCaught = !verdict.passed
      isLocated = !nodes.isDisjoint(with: verdict.divergence?.suspects ?? [])
      isNamed = verdict.diagnosis.map { diagnosis in
        diagnosis.causes.contains { cause in
          cause.restoresAgreement && cause.faults.contains { $0.module == fault.module }
        }
      }
      relativeDifference = verdict.relativeDifference
      refusal = nil
    } catch {
      // A network that cannot be given the input, or gives another shape, does not pass.
      isCaught = true
      isNamed = nil
      relativeDifference = nil
      let refusal = (error as? any ExplainedError)?.message ?? "\(error)"
      self.refusal = refusal
      // It begins with the layer.
      isLocated = fault.nodes(in: network.weights).contains { refusal.hasPrefix("\($0): ") }
    }
  }
}

extension Verifier {
  fileprivate func verdict(_ weights: ModelWeights, _ reference: Reference) throws(VerificationError)
    -> Verdict
  {
    let executor: any Executor
    do throws(ExecutionError) {
      executor = try engine.executor(weights, threads: threads)
    } catch {
      throw VerificationError(error)
    }
    return try verify(executor, against: reference)
  }
}

extension Verdict {
  /// The largest difference of any tensor, relative to the tensor's largest magnitude; `nil` where numbers are not
  /// finite.
  fileprivate var relativeDifference: Double? {
    let differences = comparisons.compactMap(\.relativeDifference)
    return differences.count == comparisons.count ? differences.max() : nil
  }
}
