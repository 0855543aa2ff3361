public import JSON

/// What a Keras file says about its network: its layers and how they are connected.
///
/// It is data and stays data: no layer is built, no class is looked up, and the code of a `Lambda` layer is kept as the
/// text that it is. Files of weights alone have none.
///
/// Source: `keras/src/models/functional.py` (Keras 3), `keras/src/engine/functional.py` (Keras 2), `get_config`.
public struct KerasModel: Hashable, Sendable {
  /// The whole network, which is a model like those inside of it.
  public var root: Layer

  /// The layers, in the order of the file.
  public var layers: [Layer] { root.layers }

  /// One layer, or a model used as one.
  public struct Layer: Hashable, Sendable {
    /// The name, unique in its model.
    public var name: String
    /// The class as the file calls it: `Conv2D`, `TFOpLambda`, or any name of somebody's own.
    public var className: String
    /// The module of the class where the file names one: `keras.layers`, `keras.src.ops.numpy`.
    public var module: String?
    /// The arguments of the layer as the file states them, without the layers of a model.
    public var config: JSONValue
    /// What each call of the layer was given; empty for inputs and for the layers of a `Sequential`.
    public var inputs: [[Input]]
    /// The layers of a model, in the order of the file; empty for other layers.
    public var layers: [Layer] = []
    /// Where the inputs of a model enter; empty for a `Sequential`.
    public var entrances: [Output] = []
    /// What a model returns; empty for a `Sequential`.
    public var exits: [Output] = []

    /// Whether it is a model, and its layers are known.
    public var isModel: Bool { !layers.isEmpty }

    /// Whether each of its layers takes what the one before it gives.
    public var isSequential: Bool { isModel && exits.isEmpty }

    /// Creates a layer.
    public init(
      name: String, className: String, module: String? = nil, config: JSONValue = [:], inputs: [[Input]] = []
    ) {
      self.name = name
      self.className = className
      self.module = module
      self.config = config
      self.inputs = inputs
    }
  }

  /// One output of one call of a layer.
  public struct Output: Hashable, Sendable {
    /// The name of the layer.
    public var layer: String
    /// The number of the call among ``Layer/inputs``.
    public var call: Int
    /// The number of the tensor that the call returned.
    public var tensor: Int

    /// Creates a reference.
    public init(_ layer: String, call: Int = 0, tensor: Int = 0) {
      self.layer = layer
      self.call = call
      self.tensor = tensor
    }
  }

  /// One argument of a call.
  public struct Input: Hashable, Sendable {
    /// The name of the argument; `nil` for one that has a position, or lies in a list that has one.
    public var keyword: String?
    /// What is given.
    public var value: Value

    /// Creates an argument.
    public init(_ value: Value, keyword: String? = nil) {
      self.value = value
      self.keyword = keyword
    }

    /// What an argument may be.
    public enum Value: Hashable, Sendable {
      /// What a layer computed.
      case output(Output)
      /// A constant: a number, an axis, a flag.
      case constant(JSONValue)
    }
  }

  /// Limits of what is read. The largest networks of Keras' own have 1100 layers and 2 MB of text (NASNetLarge).
  enum Limits {
    /// Bytes of the text.
    static let textByteCount = 1 << 23
    /// Layers, those of models inside of models included.
    static let layerCount = 1 << 14
    /// Arguments of all calls.
    static let inputCount = 1 << 17
    /// Models inside of models.
    static let depth = 12
  }
}
