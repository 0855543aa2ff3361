import Bytes
import Checkpoint
import SourceFormats
import SystemPackage

/// A file of Keras weights to be written: the tree of its groups and datasets, and the tensor of each dataset.
struct KerasFile {
  private(set) var tree: HDF5Tree

  /// The tensor of each dataset of the tree, in the same order.
  private(set) var tensors: [TensorOutput] = []

  /// The most bytes of one list of names (`HDF5_OBJECT_HEADER_LIMIT` in `keras/src/saving/legacy/hdf5_format.py`).
  private static let maximumListSize = 64512

  /// The version that a legacy file states. Keras 2 and 3 arrange weights alike since version 2, and ask for nothing
  /// else (`preprocess_weights_for_loading`).
  private static let version = "2.15.0"

  /// The weights of a model by layers, as Keras 1 and 2 write and Keras 3 reads them.
  ///
  /// Source: `keras/src/saving/legacy/hdf5_format.py` (`save_weights_to_hdf5_group`).
  init(legacy layers: [KerasLayers.Layer]) throws(ConversionError) {
    tree = HDF5Tree(isUnicode: false)
    tree.objects[0].attributes =
      Self.list("layer_names", layers.map(\.name)) + [
        .init("backend", .text("tensorflow")), .init("keras_version", .text(Self.version)),
      ]
    var groups: Set<String> = []
    for layer in layers.sorted(by: { $0.name < $1.name }) {
      groups.insert(layer.name)
      tree.objects.append(
        .init(
          path: layer.name, attributes: Self.list("weight_names", layer.tensors.map { $0.name + ":0" })
        ))
      for tensor in layer.tensors {
        var outer = layer.name
        for part in tensor.name.split(separator: "/").dropLast() {
          outer += "/" + part
          if groups.insert(outer).inserted { tree.objects.append(.init(path: outer)) }
        }
        try append(tensor, layer.name + "/" + tensor.name + ":0")
      }
    }
    // Weights that belong to the model and to none of its layers: there are none.
    tree.objects.append(
      .init(path: "top_level_model_weights", attributes: [.init("weight_names", .texts([]))]))
  }

  /// The weights of a model by classes of layers, as Keras 3 writes them.
  ///
  /// Source: `keras/src/saving/saving_lib.py` (`_save_container_state`, `H5IOStore`).
  ///
  /// - Throws: ``ConversionError`` with code `unrepresentable` for layers inside of layers, whose paths follow
  ///   attributes of classes in Python.
  init(numbered layers: [KerasLayers.Layer], dialect: String) throws(ConversionError) {
    tree = HDF5Tree(isUnicode: true)
    tree.objects.append(.init(path: "layers"))
    var counts: [KerasLayerClass: Int] = [:]
    for layer in layers {
      guard !layer.isNested else {
        throw ConversionError(
          .unrepresentable,
          "the networks of \(dialect) are classes in Python, by whose attributes a .weights.h5 names its weights",
          hint: "name the output .h5; in Python, load it and save a .weights.h5")
      }
      let path = "layers/" + layer.kind.name(number: counts[layer.kind, default: 0])
      counts[layer.kind, default: 0] += 1
      tree.objects += [
        .init(path: path), .init(path: path + "/vars", attributes: [.init("name", .text(layer.name))]),
      ]
      for (number, tensor) in layer.tensors.enumerated() {
        try append(tensor, "\(path)/vars/\(number)")
        // h5py has no bfloat16; Keras says beside the two bytes what they are.
        if tensor.elementType == .bfloat16 {
          tree.objects[tree.objects.count - 1].attributes = [.init("dtype", .text("bfloat16"))]
        }
      }
    }
  }

  private mutating func append(_ tensor: TensorOutput, _ path: String) throws(ConversionError) {
    guard HDF5Tree.elementTypes.contains(tensor.elementType) else {
      throw ConversionError(
        .unsupportedElementType,
        "a Keras weight is a floating-point number, \"\(tensor.name)\" holds \(tensor.elementType.rawValue)")
    }
    tree.objects.append(
      .init(path: path, dataset: .init(elementType: tensor.elementType, shape: tensor.view.shape)))
    tensors.append(tensor)
  }

  /// A list of names, cut where it is too long for one attribute into as many parts as Keras would make, which NumPy
  /// pads to the longest name.
  static func list(_ name: String, _ texts: [String]) -> [HDF5Tree.Attribute] {
    let width = texts.map(\.utf8.count).max() ?? 0
    var count = 1
    // The longest of the parts is the first (`numpy.array_split`).
    while (texts.count + count - 1) / count * width > maximumListSize { count += 1 }
    guard count > 1 else { return [.init(name, .texts(texts))] }
    var rest = texts[...]
    return (0..<count).map { part in
      let size = texts.count / count + (part < texts.count % count ? 1 : 0)
      defer { rest = rest.dropFirst(size) }
      return .init("\(name)\(part)", .paddedTexts(Array(rest.prefix(size))))
    }
  }

  /// Writes the file, which appears when all is done.
  func write(
    from index: SourceIndex, to path: FilePath, overwrite: Bool, worker: FilePath
  ) throws(ConversionError) {
    do {
      let file = try AtomicFile(path, overwrite: overwrite)
      let offsets = try HDF5File.layOut(tree, in: file, worker: worker)
      let jobs = zip(tensors, offsets).sorted { $0.1 < $1.1 }.map { tensor, offset in
        TensorCopy.Job(tensor: tensor, begin: offset, end: offset + tensor.byteCount)
      }
      let copy = try TensorCopy(jobs, from: index, to: file, isDigesting: false)
      try copy.run(
        SourceBytes(index, scratchDirectory: path.removingLastComponent(), ignoreChecksums: false),
        takesAll: true)
      for input in index.files { try input.checkUnchanged() }
      try file.commit()
    } catch {
      throw ConversionError(any: error)
    }
  }
}
