import JSON

/// A class of layers as the paths of `.weights.h5` write it: `Conv2D` is `conv2d`, `BatchNormalization` is
/// `batch_normalization`.
struct KerasClass: Hashable {
  /// Words of small letters joined by bars.
  let name: String

  /// The class that a configuration names.
  ///
  /// Source: `keras/src/utils/naming.py` (`to_snake_case`).
  init(configured className: String) {
    let characters = Array(
      className.unicodeScalars.lazy.filter {
        $0 == "_" || $0.properties.isAlphabetic || $0.properties.numericType != nil
      })
    var name = ""
    for (number, character) in characters.enumerated() {
      if number > 0, Self.isCapital(character),
        Self.isSmall(characters[number - 1])
          || (number + 1 < characters.count && Self.isSmall(characters[number + 1]))
      {
        name += "_"
      }
      name.unicodeScalars.append(character)
    }
    self.name = name.lowercased()
  }

  /// The class in a segment of a path, which Keras numbers from the second of its kind on: `conv2d`, `conv2d_1`.
  init(segment: Substring) {
    let number = segment.utf8.reversed().prefix { 0x30...0x39 ~= $0 }.count
    let rest = segment.dropLast(number)
    name = String(number > 0 && rest.last == "_" && rest.count > 1 ? rest.dropLast() : segment)
  }

  /// Whether it is a model whose layers keep names of their own, whatever holds it.
  var isFunctional: Bool { name == "functional" }

  /// Whether it is a model of layers in a row.
  var isSequential: Bool { name == "sequential" }

  private static func isCapital(_ scalar: Unicode.Scalar) -> Bool { "A"..."Z" ~= scalar }

  private static func isSmall(_ scalar: Unicode.Scalar) -> Bool { "a"..."z" ~= scalar }
}
