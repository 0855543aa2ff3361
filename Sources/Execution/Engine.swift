/// The programs that can run a network.
public enum Engine: String, Hashable, Sendable, CaseIterable {
  /// Plain Swift in double precision; always there.
  case reference
  /// oneDNN in single precision; there where its headers were found when the package was built.
  case oneDNN = "onednn"

  /// Whether the engine is part of this build.
  public var isAvailable: Bool {
    switch self {
    case .reference: return true
    case .oneDNN:
      #if canImport(COneDNN)
        return true
      #else
        return false
      #endif
    }
  }

  /// The fastest engine of this build.
  public static var fastest: Engine { Engine.oneDNN.isAvailable ? .oneDNN : .reference }

  /// How many threads `nil` stands for: one per core that is online.
  public static var defaultThreads: Int { Workers(count: nil).count }

  /// An executor of this engine on at most so many threads; `nil` for one per core.
  ///
  /// - Throws: ``ExecutionError`` with code `engineUnavailable`, or as ``Executor/init(_:threads:)``.
  public func executor(_ weights: ModelWeights, threads: Int? = nil) throws(ExecutionError) -> any Executor {
    switch self {
    case .reference: return try ReferenceExecutor(weights, threads: threads)
    case .oneDNN:
      #if canImport(COneDNN)
        return try OneDNNExecutor(weights, threads: threads)
      #else
        throw ExecutionError(
          .engineUnavailable,
          "found no engine \"\(rawValue)\", this build has \"\(Engine.reference.rawValue)\"",
          hint: "install oneDNN (libdnnl-dev) and build the package again")
      #endif
    }
  }
}
