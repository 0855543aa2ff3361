@testable import Conversion
@testable import SourceFormats

/// What a Keras file says about its network.
enum KerasModelTarget {
  static func run(_ input: [UInt8]) {
    let text = String(decoding: input, as: UTF8.self)
    guard let model = try? KerasModelReader.read(text) else { return }
    require(count(model.root) <= KerasModel.Limits.layerCount, "no more layers than the limit")
    // Without weights; `hdf5-index` has both.
    _ = try? KerasStructure(model, SourceIndex(container: .kerasHDF5, files: []))
  }

  private static func count(_ layer: KerasModel.Layer) -> Int {
    layer.layers.reduce(1) { $0 + count($1) }
  }
}
