import Foundation
import Testing

/// A folder of `Fixtures/hostile`: an attack, and what the program must say to it.
struct HostileCase: CustomTestStringConvertible, Sendable {
  /// `expected.json`, which `Fixtures/hostile/generate.py` writes.
  struct Expectation: Decodable, Sendable {
    var arguments: [String]
    var exit: Int32
    var says: [String]
    var why: String
    var writes: [String]?
    /// Whether the rest of the text depends on what the HDF5 library finds behind its memory.
    var varies: Bool?
  }

  var folder: URL
  var className: String
  var expectation: Expectation

  var testDescription: String { "\(className)/\(folder.lastPathComponent): \(expectation.why)" }

  /// The file that holds what the program says, word for word.
  var recording: URL { folder.appendingPathComponent("expected.txt") }

  /// Whether the file is what PyTorch writes, or a part of that.
  var isOfPyTorch: Bool { ["legacy", "pickle", "pickle-inert", "tensor", "zip"].contains(className) }

  /// Names of the input files.
  func inputs() throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: folder.path)
      .filter { !$0.hasPrefix("expected.") }.sorted()
  }

  /// Every case whose files are committed, by class and name.
  static let all: [HostileCase] = {
    do {
      return try expectations(in: "hostile")
    } catch {
      fatalError("cannot read Fixtures/hostile: \(error)")
    }
  }()

  /// The cases of a folder of `Fixtures`, by class and name.
  static func expectations(in place: String) throws -> [HostileCase] {
    let root = URL(fileURLWithPath: FixturePath.of(place))
    return try directories(of: root).filter { $0.lastPathComponent != "large" }.flatMap { group in
      try directories(of: group).map { folder in
        let facts = try Data(contentsOf: folder.appendingPathComponent("expected.json"))
        return HostileCase(
          folder: folder, className: group.lastPathComponent,
          expectation: try JSONDecoder().decode(Expectation.self, from: facts))
      }
    }
  }

  private static func directories(of folder: URL) throws -> [URL] {
    try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: [.isDirectoryKey])
      .filter { try $0.resourceValues(forKeys: [.isDirectoryKey]).isDirectory == true }
      .sorted { $0.lastPathComponent < $1.lastPathComponent }
  }
}
