import Architectures
@testable import Conversion
import Checkpoint
import SourceFormats

/// The names and shapes of a file's tensors, from which an import tells the network: a line each, `conv1.weight 64,3,7,7`.
///
/// Lines with a slash are those of a Keras file: the layer and the weight, then the shape.
enum NetworkTarget {
  /// As in an import of `attnconv`.
  private static let importer: Importer = {
    guard let library = try? DialectLibrary() else { fatalError("the built-in dialects cannot be read") }
    return Importer(library: library, options: ImportOptions())
  }()

  static func run(_ input: [UInt8]) {
    guard let index = index(String(decoding: input, as: UTF8.self)) else { return }
    guard let plan = try? importer.plan(index) else { return }
    let stateDict = index.tensors.filter { $0.path.starts(with: plan.key) }.count
    let unexpected = plan.faults.count { $0.kind == .unexpected }
    let used = plan.rows.count + unexpected + plan.faults.count { [.misshaped, .mistyped].contains($0.kind) }
    require(used >= stateDict, "\(stateDict) tensors are used or told to be left over, found \(used)")
    guard plan.isComplete else { return }
    guard let graph = try? plan.architecture.graph() else {
      return require(false, "a complete plan has a graph")
    }
    require(Set(plan.rows.map(\.canonicalName)).count == plan.rows.count, "each canonical name is given once")
    let shapes = Dictionary(graph.parameters.map { ($0.name, $0.shape) }) { first, _ in first }
    for row in plan.rows {
      require(
        row.output.view.shape == shapes[row.canonicalName],
        "\(row.canonicalName) has the shape of the network")
    }
  }

  /// The index of a file with such tensors, all of them in as many bytes as they take.
  private static func index(_ text: String) -> SourceIndex? {
    let isKeras = text.contains("/")
    var index = SourceIndex(container: isKeras ? .kerasHDF5 : .pytorchZip, files: [])
    var names: Set<String> = []
    for line in text.split(separator: "\n").prefix(512) {
      let words = line.split(separator: " ", maxSplits: 1)
      guard let name = words.first.map(String.init), names.insert(name).inserted else { return nil }
      let shape = words.count == 1 ? [] : words[1].split(separator: ",").map { Int($0) ?? -1 }
      // What every reader checks.
      guard shape.count <= SafetensorsHeader.maximumRank,
        shape.allSatisfy({ 0..<SafetensorsHeader.dimensionLimit ~= $0 }),
        let byteCount = ElementType.float32.byteCount(shape: shape)
      else { return nil }
      let path = isKeras ? name.split(separator: "/", maxSplits: 1).map(String.init) : [name]
      guard !path.isEmpty else { return nil }
      index.tensors.append(
        SourceTensor(
          path: path, elementType: .float32, shape: shape, strides: SourceTensor.contiguousStrides(shape),
          storage: index.storages.count))
      index.storages.append(SourceStorage(name: name, file: 0, offset: 0, byteCount: UInt64(byteCount)))
    }
    return index
  }
}
