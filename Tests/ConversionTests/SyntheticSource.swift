import Bytes
import Checkpoint
import SourceFormats
import SystemPackage

/// A source of names, shapes and types without any bytes: enough to plan an import, and quickly changed.
struct SyntheticSource {
  var container = Container.pytorchZip
  var tensors: [SourceTensor]
  var extras: [SourceExtra] = []

  /// The file that is named as the source; its bytes are not looked at.
  var file = Fixture.root.appending("pytorch-zip").appending("dtypes.pth")

  /// A state dict at the top of a file.
  init(_ table: ParameterTable) {
    if table.isKeras { container = .kerasHDF5 }
    tensors = table.rows.map { row in
      let layer = table.isKeras ? row.name.split(separator: "/").prefix(1).map(String.init) : []
      return Self.tensor(layer + [row.name], row.shape, row.elementType)
    }
  }

  /// A state dict of single-precision tensors at the top of a file.
  init(_ shapes: KeyValuePairs<String, [Int]>) {
    tensors = shapes.map { Self.tensor([$0.key], $0.value, .float32) }
  }

  static func tensor(_ path: [String], _ shape: [Int], _ type: ElementType = .float32) -> SourceTensor {
    SourceTensor(
      path: path, elementType: type, shape: shape, strides: SourceTensor.contiguousStrides(shape), storage: 0)
  }

  func index() throws -> SourceIndex {
    SourceIndex(container: container, files: [try InputFile(file)], tensors: tensors, extras: extras)
  }

  /// Adds a tensor at the top of the file.
  mutating func add(_ name: String, _ shape: [Int]) { tensors.append(Self.tensor([name], shape)) }

  /// Takes away the tensors whose name begins with some text.
  mutating func remove(_ prefix: String) { tensors.removeAll { $0.path.last?.hasPrefix(prefix) == true } }

  /// Takes away the tensors whose name is such.
  mutating func remove(_ isSuch: (String) -> Bool) { tensors.removeAll { isSuch($0.path.last ?? "") } }

  /// Changes the tensor of a name.
  mutating func change(_ name: String, _ body: (inout SourceTensor) -> Void) {
    for index in tensors.indices where tensors[index].path.last == name { body(&tensors[index]) }
  }

  /// Changes every name.
  mutating func rename(_ body: (String) -> String) {
    for index in tensors.indices {
      let path = tensors[index].path
      tensors[index].path = path.dropLast() + path.suffix(1).map(body)
    }
  }

  /// Puts everything under keys.
  mutating func wrap(_ keys: [String]) {
    for index in tensors.indices { tensors[index].path = keys + tensors[index].path }
    for index in extras.indices { extras[index].path = keys + extras[index].path }
  }
}
