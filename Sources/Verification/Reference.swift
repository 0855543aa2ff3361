public import Checkpoint
public import Execution
public import SystemPackage

/// What the original framework computed: an input, the output for it and, where they were recorded, outputs of nodes.
///
/// A safetensors file with `input` [N, C, H, W] and `output`, both F32, any number of `taps.<node>`, F32, and
/// optional metadata (``ReferenceProvenance``). A tap is named by the canonical name of a node, by the path of a
/// part of the network, which stands for the part's output, or by a module of the code base that recorded it
/// (``reading(_:)``).
///
///     let reference = try Reference("resnet50_bam.reference.safetensors")
///     let verdict = try Verifier().verify(Checkpoint("resnet50_bam.safetensors"), against: reference)
public struct Reference: Sendable {
  /// What stands before the name of a node in the name of a tap.
  public static let tapPrefix = "taps."

  /// The file.
  public let file: TensorFile
  /// The input [N, C, H, W]; all numbers are finite.
  public let input: Tensor<Float>
  /// The output that was recorded.
  public let output: TensorRecord
  /// The outputs of nodes that were recorded, in the order of their names.
  public let taps: [TensorRecord]
  /// Where the reference comes from; `nil` where it does not say.
  public let provenance: ReferenceProvenance?

  /// What taps that are named by modules of a code base stand for; `nil` where no such names are read.
  var moduleNames: ModuleNames?

  /// Opens a reference and checks names, element types and shapes of all its tensors.
  ///
  /// The output and the taps, which may be large, are read when they are compared.
  ///
  /// - Throws: ``VerificationError`` with code `malformedReference`, listing all faults at once, or `fileFailed`.
  public init(_ path: FilePath) throws(VerificationError) {
    try self.init(TensorFile(path))
  }

  /// Checks names, element types and shapes of all tensors of a file.
  ///
  /// - Throws: as ``init(_:)-(FilePath)``.
  public init(_ file: TensorFile) throws(VerificationError) {
    let path = file.path
    self.file = file
    guard !CheckpointMetadata.isPresent(in: file.header) else {
      throw VerificationError(
        .malformedReference, "found a canonical checkpoint, expected recorded outputs", file: path.string,
        hint: "name the checkpoint first, then --reference with the recorded outputs")
    }
    let faults = Self.faults(in: file)
    guard faults.isEmpty, let input = file.record("input"), let output = file.record("output") else {
      throw VerificationError(
        .malformedReference, "not a reference", listing: faults, file: path.string,
        hint: "record one with record_reference.py, or save F32 tensors \"input\" and \"output\"")
    }
    do {
      provenance = try file.header.metadata(ReferenceProvenance.key).map { text throws(VerificationError) in
        try ReferenceProvenance(text: text)
      }
    } catch {
      var error = error
      error.file = path.string
      throw error
    }
    self.output = output
    taps = file.names.filter { $0.hasPrefix(Self.tapPrefix) }.compactMap(file.record)
    self.input = try file.tensor(input)
    if let index = self.input.values.firstIndex(where: { !$0.isFinite }) {
      let place = ReferenceFault(
        "input", found: "\(self.input.values[index]) at \(TensorIndex.of(index, in: input.shape))",
        expected: "finite numbers")
      throw VerificationError(.malformedReference, "not a reference", listing: [place], file: path.string)
    }
  }

  private static func faults(in file: TensorFile) -> [ReferenceFault] {
    var faults: [ReferenceFault] = []
    for name in ["input", "output"] where file.record(name) == nil {
      faults.append(ReferenceFault(name, found: "no such tensor", expected: "F32"))
    }
    for record in file.header.tensors {
      let isKnown = ["input", "output"].contains(record.name) || record.name.hasPrefix(tapPrefix)
      guard isKnown else {
        faults.append(
          ReferenceFault(
            record.name, found: "an unknown tensor", expected: "\"input\", \"output\" or \"taps.<node>\"",
            suggestion: suggestion(for: record.name)))
        continue
      }
      if record.elementType != .float32 {
        faults.append(ReferenceFault(record.name, found: record.elementType.rawValue, expected: "F32"))
      }
      if record.name == "input", record.shape.count != 4 {
        faults.append(
          ReferenceFault(
            record.name, found: "shape \(record.shape)", expected: "4 sides: batch, channels, height, width"))
      } else if record.shape.isEmpty || record.shape.contains(0) {
        faults.append(
          ReferenceFault(
            record.name, found: "shape \(record.shape)", expected: "at least one element for each image"))
      }
    }
    return faults
  }

  /// `tap.stem.relu` and `taps/stem.relu` are meant to be taps; other names are compared as a whole.
  private static func suggestion(for name: String) -> String? {
    if let separator = name.firstIndex(where: { $0 == "." || $0 == "/" }),
      NearestName.of(String(name[..<separator]), among: ["taps"]) != nil
    {
      return tapPrefix + name[name.index(after: separator)...]
    }
    return NearestName.of(name, among: ["input", "output"])
  }
}

/// Places of elements, for messages.
enum TensorIndex {
  /// The index of an element on every side, from its place in row-major order.
  static func of(_ offset: Int, in shape: [Int]) -> [Int] {
    var rest = offset
    return shape.reversed().map { side in
      defer { rest /= side }
      return rest % side
    }.reversed()
  }
}
