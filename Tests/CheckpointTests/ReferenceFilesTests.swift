import Bytes
import Checkpoint
import Crypto
import Foundation
import JSON
import SystemPackage
import Testing
import TestSupport

/// Files written by the Python package safetensors. What they hold is recorded in `expected.json` beside them
/// by the scripts that made them.
@Suite struct ReferenceFilesTests {
  private static let fixtures = FilePath(#filePath).removingLastComponent().removingLastComponent()
    .removingLastComponent().appending("Fixtures")

  private static let files = ["safetensors", "safetensors/sharded-safetensors", "networks"].flatMap {
    folder in
    let path = fixtures.pushing(FilePath(folder))
    let names = (try? FileManager.default.contentsOfDirectory(atPath: path.string)) ?? []
    return names.filter { $0.hasSuffix(".safetensors") }.sorted().map { "\(folder)/\($0)" }
  }

  private func header(_ file: String) throws -> (SafetensorsHeader, InputFile) {
    let input = try InputFile(Self.fixtures.pushing(FilePath(file)))
    return (try SafetensorsHeader(reading: input), input)
  }

  @Test func areThere() {
    #expect(Self.files.contains("safetensors/tiny.safetensors"))
    #expect(Self.files.count >= 3)
  }

  @Test(arguments: files)
  func areAccepted(_ file: String) throws {
    let (header, input) = try header(file)
    #expect(!header.tensors.isEmpty)
    #expect(header.tensors.last.map { header.dataOffset + $0.end } == input.size)
  }

  /// The writer of safetensors and ours put tensors in one order.
  @Test(arguments: files)
  func haveTheLayoutThatWeWrite(_ file: String) throws {
    let tensors = try header(file).0.tensors
    let layout = try SafetensorsLayout(tensors.shuffled().map { ($0.name, $0.elementType, $0.shape) })
    #expect(layout.tensors == tensors)
  }

  @Test(arguments: files)
  func areNotTakenForCanonicalCheckpoints(_ file: String) throws {
    let path = Self.fixtures.pushing(FilePath(file))
    #expect(
      throws: CheckpointError(
        .notCanonical, "a safetensors file without attnconv.version, not a canonical checkpoint",
        file: path.string, hint: "run 'attnconv import' on it first")
    ) { try Checkpoint(path) }
  }

  @Test(arguments: ["tiny", "cbam-resnet18-narrow"])
  func holdWhatPyTorchPutIntoThem(_ name: String) throws {
    let record = try InputFile(Self.fixtures.pushing("safetensors/expected.json"))
    let expected = try JSONParser.parse(record.read(at: 0, count: Int(record.size)))
    let rows = try #require(expected["contents"]?[name]?.arrayValue)
    let (header, input) = try header("safetensors/\(name).safetensors")
    var found: [JSONValue] = []
    for tensor in header.tensors {
      let bytes = try input.read(at: header.dataOffset + tensor.begin, count: tensor.byteCount)
      found.append([
        .string(tensor.name), .string(tensor.elementType.rawValue),
        .array(tensor.shape.map(JSONValue.integer)),
        .string(ContentDigest.hexadecimal(SHA256.hash(data: bytes))),
      ])
    }
    #expect(found.count == rows.count)
    #expect(Set(found) == Set(rows))
  }

  @Test func surviveEveryTruncationAndChangeOfOneBit() throws {
    let (_, input) = try header("safetensors/tiny.safetensors")
    let bytes = try input.read(at: 0, count: Int(input.size))
    let directory = try TemporaryDirectory()
    for count in bytes.indices {
      let path = try directory.create("file", Array(bytes[..<count]))
      #expect(throws: CheckpointError.self) { try SafetensorsHeader(reading: InputFile(path)) }
    }
    for index in bytes.indices {
      for bit in 0..<8 {
        var changed = bytes
        changed[index] ^= 1 << bit
        let path = try directory.create("file", changed)
        _ = try? SafetensorsHeader(reading: InputFile(path))
      }
    }
  }
}
