public import Bytes

/// What a reader found in a container: a tree of named things, the tensors among them, and where bytes lie.
///
/// Every reader turns its file into this one value. No tensor bytes are copied and nothing that the file
/// holds is run; the meaning of the names is not known here.
public struct SourceIndex: Sendable {
  /// The kind of container, read from the content and never from the file name.
  public var container: Container

  /// The files that hold the bytes: one, or the shards in the order of their index.
  public var files: [InputFile]

  /// Every storage that a tensor refers to, and every other checksummed record of the container.
  public var storages: [SourceStorage]

  /// Every tensor, in the order of the file.
  public var tensors: [SourceTensor]

  /// Everything beside the tensors that has a name: scalars, texts, and objects that were not rebuilt.
  public var extras: [SourceExtra]

  /// Globals that the file names and that are not on the allow-list, with how often each is used.
  /// None was called; each became an inert placeholder.
  public var placeholders: [Placeholder]

  /// Things worth telling that do not hinder reading, for example a checksum that was ignored.
  public var notes: [String]

  /// The HDF5 files behind the container by their number in ``files``; they decode storages that state an address.
  public var hdf5: [Int: HDF5File] = [:]

  /// What a Keras file says about its network; `nil` for weights alone and for other containers.
  public var kerasModel: KerasModel?

  /// What stands between the keys of a tensor where they are written as one name.
  public var separator: String { container.isKeras ? "/" : "." }

  /// The name of a tensor as it stands in the file, its keys included.
  public func name(of tensor: SourceTensor) -> String { tensor.path.joined(separator: separator) }

  /// Creates an index.
  public init(
    container: Container, files: [InputFile], storages: [SourceStorage] = [], tensors: [SourceTensor] = [],
    extras: [SourceExtra] = [], placeholders: [Placeholder] = [], notes: [String] = []
  ) {
    self.container = container
    self.files = files
    self.storages = storages
    self.tensors = tensors
    self.extras = extras
    self.placeholders = placeholders
    self.notes = notes
  }

  /// A global of a pickle that was not rebuilt.
  public struct Placeholder: Hashable, Sendable {
    /// Module and name, joined by a dot: `argparse.Namespace`.
    public var name: String
    /// How many objects of the file use it.
    public var count: Int

    /// Creates a placeholder row.
    public init(name: String, count: Int) {
      self.name = name
      self.count = count
    }
  }
}

/// The kinds of container that the readers know.
public enum Container: String, CaseIterable, Hashable, Sendable {
  /// The zip archive that PyTorch 1.6 and later write.
  case pytorchZip = "pytorch-zip"
  /// The stream of pickles and raw storages that PyTorch 0.1.10 to 1.5 wrote.
  case pytorchLegacy = "pytorch-legacy"
  /// A TorchScript archive, whose parameters are read as data.
  case torchScript = "torchscript"
  /// Several PyTorch files and a `pytorch_model.bin.index.json`.
  case pytorchSharded = "pytorch-sharded"
  /// One safetensors file.
  case safetensors
  /// Several safetensors files and a `model.safetensors.index.json`.
  case safetensorsSharded = "safetensors-sharded"
  /// An HDF5 file of Keras 1 and 2, which Keras 3 still writes: a whole model or its weights by layer.
  case kerasHDF5 = "keras-hdf5"
  /// The `.weights.h5` of Keras 3: numbered variables in a tree of objects.
  case kerasWeights = "keras-weights"
  /// Several of these and a `NAME.weights.json`.
  case kerasSharded = "keras-weights-sharded"
  /// The `.keras` archive of Keras 3.
  case kerasArchive = "keras"

  /// Whether Keras wrote it.
  public var isKeras: Bool {
    switch self {
    case .kerasHDF5, .kerasWeights, .kerasSharded, .kerasArchive: true
    default: false
    }
  }
}
