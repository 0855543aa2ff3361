@testable import Verification

/// A pin file (`attnconv.json`).
enum PinsTarget {
  static func run(_ input: [UInt8]) {
    guard let entries = try? PinFileReader.entries(input) else { return }
    var line = 1
    for entry in entries {
      require(entry.line >= line, "pins stand in the order of their lines")
      line = entry.line
    }
    let text = PinFile.text(of: entries.map(\.pin))
    guard let again = try? PinFileReader.entries(Array(text.utf8)) else {
      return require(false, "a pin file that was written is read")
    }
    require(Set(again.map(\.pin)) == Set(entries.map(\.pin)), "the pins are read as they were written")
    require(again.count == entries.count, "as many pins as before")
    require(PinFile.text(of: again.map(\.pin)) == text, "the same pins give the same bytes")
  }
}
