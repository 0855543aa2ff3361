import Architectures

/// The classes of Keras layers whose numbers are counted apart.
///
/// The raw value is the name that Keras makes of the class where nobody gives one.
/// Source: `keras/src/utils/naming.py` (Keras 3), `keras/utils/generic_utils.py` (Keras 2), `to_snake_case`.
enum KerasLayerClass: String, CaseIterable, Hashable, Sendable {
  case convolution = "conv2d"
  case depthwiseConvolution = "depthwise_conv2d"
  case channelConvolution = "conv1d"
  case dense
  case batchNormalization = "batch_normalization"

  /// Names of older versions; TensorFlow 1.13 to 2.0 put the version of the class into some.
  private static let aliases: [Substring: KerasLayerClass] = [
    "batch_normalization_v1": .batchNormalization, "batch_normalization_v2": .batchNormalization,
  ]

  /// The class of the layer that holds a parameter, from its arrangement in Keras.
  init(_ row: DialectMapping.Row) {
    switch row.parameter.role {
    case .normWeight, .normBias, .runningMean, .runningVariance, .batchCount: self = .batchNormalization
    case .convolutionWeight, .linearWeight, .channelConvolutionWeight, .bias:
      switch row.sourceShape.count {
      case 4: self = row.layouts.contains(.depthwise) ? .depthwiseConvolution : .convolution
      case 3: self = .channelConvolution
      default: self = .dense
      }
    }
  }

  /// The class and the number in a name that Keras made up; `nil` for any other name.
  ///
  /// TensorFlow's Keras calls its first layer `conv2d` and the second `conv2d_1`; Keras before it began with
  /// `conv2d_1`.
  static func read(_ name: some StringProtocol) -> (kind: KerasLayerClass, number: Int)? {
    func kind(_ text: Substring) -> KerasLayerClass? {
      KerasLayerClass(rawValue: String(text)) ?? aliases[text]
    }
    let name = Substring(name)
    if let whole = kind(name) { return (whole, 0) }
    guard let bar = name.lastIndex(of: "_"), let kind = kind(name[..<bar]) else { return nil }
    let digits = name[name.index(after: bar)...]
    guard 1...9 ~= digits.utf8.count, digits.utf8.allSatisfy({ 0x30...0x39 ~= $0 }), digits.first != "0",
      let number = Int(digits)
    else { return nil }
    return (kind, number)
  }

  /// The name of the layer that is created after so many others of its class, in TensorFlow's Keras and in Keras 3.
  func name(number: Int) -> String { number == 0 ? rawValue : "\(rawValue)_\(number)" }
}
