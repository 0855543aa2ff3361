/// What the words in names say about the layer that they name.
enum NameEvidence {
  /// An idea that canonical names and those of code bases have words for.
  private struct Concept {
    /// The segment of canonical paths.
    var canonical: String
    /// Words of code bases, without their numbers.
    var words: Set<String>
  }

  /// Words are those of the published code bases that the built-in dialects describe, and common abbreviations.
  private static let concepts: [Concept] = [
    Concept(
      canonical: "conv", words: ["conv", "convolution", "c", "conv2d", "cv", "depthwise", "pointwise"]),
    Concept(canonical: "norm", words: ["norm", "bn", "batchnorm", "batch", "n", "normalization"]),
    Concept(
      canonical: "shortcut",
      words: [
        "shortcut", "downsample", "identity", "skip", "sc", "proj", "projection", "residual", "short", "down",
      ]),
    Concept(
      canonical: "head",
      words: [
        "head", "fc", "classifier", "output", "logits", "predictions", "linear", "dense", "cls", "last",
      ]),
    Concept(canonical: "stem", words: ["stem", "init", "first", "input", "initial", "root"]),
    Concept(canonical: "final", words: ["final", "last", "top"]),
    Concept(
      canonical: "attention",
      words: ["attention", "attn", "att", "se", "cbam", "bam", "eca", "nam", "gate", "squeeze", "excitation"]),
    Concept(
      canonical: "channel", words: ["channel", "ch", "ca", "channelgate", "mlp", "channels", "fc"]),
    Concept(canonical: "spatial", words: ["spatial", "sp", "sa", "spatialgate", "space"]),
    Concept(canonical: "reduce", words: ["reduce", "reduction", "squeeze", "init", "down", "compress"]),
    Concept(canonical: "expand", words: ["expand", "expansion", "excite", "excitation", "up", "restore"]),
    Concept(canonical: "dilated", words: ["dilated", "dil", "di", "atrous", "dilation"]),
    Concept(canonical: "project", words: ["project", "final", "last", "out"]),
  ]

  /// Concepts whose words in a name speak against a layer that has nothing of them.
  private static let exclusive: Set<String> = ["shortcut", "attention", "channel", "spatial", "dilated"]

  /// How many ideas a canonical path and a source name share, less those that stand in the source name alone.
  static func similarity(_ canonical: String, _ words: Set<String>) -> Double {
    let own = Set(self.words(of: canonical))
    var score = 0.0
    for concept in concepts {
      let isNamed = !concept.words.isDisjoint(with: words)
      if own.contains(concept.canonical) {
        if isNamed { score += 1 }
      } else if isNamed, exclusive.contains(concept.canonical), !own.contains("head") {
        score -= 1
      }
    }
    return score
  }

  /// The words and numbers of a name, in its order: `SpatialGate.conv2_x` has spatial, gate, conv, 2, x.
  static func words(of name: String) -> [String] {
    var words: [String] = []
    var previous: Character = " "
    for character in name {
      if !character.isLetter, !character.isNumber {
        previous = " "
        continue
      }
      let begins =
        previous == " " || character.isNumber != previous.isNumber
        || (character.isUppercase && previous.isLowercase)
      if begins { words.append("") }
      words[words.count - 1] += character.lowercased()
      previous = character
    }
    return words
  }

  /// How many words and numbers two names have in common in the same order, those at their beginning twice: what stands
  /// in one module is nearer than what is numbered alike.
  static func shared(_ left: [String], _ right: [String]) -> Int {
    // The longest common subsequence, a row at a time.
    var row = [Int](repeating: 0, count: right.count + 1)
    for word in left {
      var diagonal = 0
      for (column, other) in right.enumerated() {
        let above = row[column + 1]
        row[column + 1] = word == other ? diagonal + 1 : max(above, row[column])
        diagonal = above
      }
    }
    return row[right.count] + zip(left, right).prefix { $0 == $1 }.count
  }

  /// Which of two names comes first by the first number in which they differ: 1 for the left one, -1 for the right one,
  /// 0 where they differ in something else first.
  static func numberOrder(_ left: [String], _ right: [String]) -> Int {
    for (one, other) in zip(left, right) where one != other {
      guard let first = Int(one), let second = Int(other) else { return 0 }
      return first < second ? 1 : -1
    }
    return 0
  }
}
