/// A name taken apart into text and the numbers in it: `layer1.0.conv2` is `layer#.#.conv#` with 1, 0 and 2.
struct NumberedName: Hashable {
  /// The texts before, between and behind the numbers; one more than there are numbers.
  let texts: [String]

  /// The numbers in the order of the name.
  let numbers: [Int]

  /// More digits than this are no count, and neither are leading zeros; templates have the same rule (``NameTemplate``).
  private static let maximumDigits = 4

  init(_ name: some StringProtocol) {
    var texts = [""]
    var numbers: [Int] = []
    var digits = ""
    func number() -> Int? {
      digits.isEmpty || digits.count > Self.maximumDigits || (digits.count > 1 && digits.first == "0")
        ? nil : Int(digits)
    }
    for character in String(name) + "\0" {
      if character.isASCII, character.isNumber {
        digits.append(character)
        continue
      }
      if let value = number() {
        numbers.append(value)
        texts.append("")
      } else {
        texts[texts.count - 1] += digits
      }
      digits = ""
      if character != "\0" { texts[texts.count - 1].append(character) }
    }
    self.texts = texts
    self.numbers = numbers
  }

  private init(texts: [String], numbers: [Int]) {
    self.texts = texts
    self.numbers = numbers
  }

  /// The same name with other numbers.
  func with(_ numbers: [Int]) -> NumberedName { NumberedName(texts: texts, numbers: numbers) }
}
