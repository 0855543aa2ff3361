@testable import SourceFormats

/// A file of PyTorch before 1.6: five pickles and the storages behind them.
enum LegacyTarget {
  /// The first pickle and the second, which every such file begins with; inputs go on from there.
  private static let beginning: [UInt8] = [
    0x80, 2, 0x8A, 10, 0x6C, 0xFC, 0x9C, 0x46, 0xF9, 0x20, 0x6A, 0xA8, 0x50, 0x19, 0x2E, 0x80, 2, 0x4D, 0xE9,
    3, 0x2E,
  ]

  static func run(_ input: [UInt8]) {
    // A whole file, or what follows the pickles that are the same in every file.
    let file = MemoryFile.holding(input.starts(with: beginning.prefix(2)) ? input : beginning + input)
    guard let index = try? SourceReader.read(file, options: SourceReaderOptions()) else { return }
    SourceRules.check(index)
  }
}
