import Bytes
import Checkpoint
import SystemPackage
import Testing
import TestSupport

@Suite struct SafetensorsHeaderTests {
  private typealias File = SafetensorsBytes

  private func parse(_ file: SafetensorsBytes) throws -> SafetensorsHeader {
    try SafetensorsHeader(parsing: file.header, fileSize: UInt64(file.bytes.count))
  }

  @Test func givesTensorsInTheOrderOfTheirBytes() throws {
    let file = File(
      "{" + File.entry("z", "F32", [2, 1], 0, 8) + "," + File.entry("c", "U8", [3], 10, 13) + ","
        + File.entry("b", "F16", [], 8, 10) + ",\"__metadata__\":{\"k\":\"v\",\"a\":\"\"}}   ",
      dataCount: 13)
    let header = try parse(file)
    #expect(
      header.tensors == [
        TensorRecord(name: "z", elementType: .float32, shape: [2, 1], begin: 0, byteCount: 8),
        TensorRecord(name: "b", elementType: .float16, shape: [], begin: 8, byteCount: 2),
        TensorRecord(name: "c", elementType: .uint8, shape: [3], begin: 10, byteCount: 3),
      ])
    #expect(header.tensors.map(\.end) == [8, 10, 13])
    #expect(header.dataOffset == file.dataOffset)
    #expect(header.metadata.map(\.name) == ["k", "a"])
    #expect(header.metadata("k") == "v")
    #expect(header.metadata("a") == "")
    #expect(header.metadata("z") == nil)
  }

  /// Files that look odd and break no rule.
  static let accepted: [(String, SafetensorsBytes, Int)] = [
    ("nothing at all", File("{}"), 0),
    ("metadata only", File("{\"__metadata__\":{}}"), 0),
    ("an empty name", File("{" + File.entry("", "U8", [1], 0, 1) + "}", dataCount: 1), 1),
    ("NUL in a name", File("{" + File.entry("\\u0000", "U8", [1], 0, 1) + "}", dataCount: 1), 1),
    ("a header of odd length", File("{" + File.entry("a", "F64", [1], 0, 8) + "} ", dataCount: 8), 1),
    ("spaces after the header", File("{}" + String(repeating: " ", count: 1000)), 0),
    (
      "spaces inside the header",
      File("{\n\t\"a\" : { \"dtype\":\"U8\",\"shape\":[ ],\"data_offsets\":[0 ,1] }\r\n}", dataCount: 1), 1
    ),
    ("an empty tensor", File("{" + File.entry("a", "F32", [0], 0, 0) + "}"), 1),
    (
      "empty tensors between others",
      File(
        "{" + File.entry("d", "F32", [2, 0], 2, 2) + "," + File.entry("c", "U8", [1], 1, 2) + ","
          + File.entry("b", "F32", [0], 1, 1) + "," + File.entry("a", "U8", [1], 0, 1) + ","
          + File.entry("e", "F32", [0, 3], 0, 0) + "}", dataCount: 2), 5
    ),
    (
      "64 dimensions",
      File("{" + File.entry("a", "U8", Array(repeating: 1, count: 64), 0, 1) + "}", dataCount: 1), 1
    ),
    ("the largest dimension", File("{" + File.entry("a", "U8", [0, 1 << 48 - 1], 0, 0) + "}"), 1),
    ("an even number of 4-bit numbers", File("{" + File.entry("a", "F4", [6], 0, 3) + "}", dataCount: 3), 1),
    ("four 6-bit numbers", File("{" + File.entry("a", "F6_E2M3", [4], 0, 3) + "}", dataCount: 3), 1),
    (
      "a truth value that is neither 0 nor 1",
      File("{" + File.entry("a", "BOOL", [3], 0, 3) + "}", dataCount: 3), 1
    ),
  ]

  @Test(arguments: accepted.indices)
  func acceptsWhatIsOddAndValid(_ row: Int) throws {
    let (name, file, count) = Self.accepted[row]
    #expect(try parse(file).tensors.count == count, "\(name)")
  }

  @Test(arguments: ElementType.allCases)
  func readsEveryElementType(_ type: ElementType) throws {
    let byteCount = try #require(type.byteCount(shape: [2, 4]))
    let file = File("{" + File.entry("a", type.rawValue, [2, 4], 0, byteCount) + "}", dataCount: byteCount)
    #expect(
      try parse(file).tensors == [
        TensorRecord(name: "a", elementType: type, shape: [2, 4], begin: 0, byteCount: byteCount)
      ])
  }

  private static let sample = File(
    "{\"__metadata__\":{\"k\":\"v\"}," + File.entry("a", "F32", [2], 0, 8) + ","
      + File.entry("b\\u00e9", "U8", [], 8, 9) + "} ", dataCount: 9)

  @Test func refusesAFileThatIsShorterThanItsHeader() {
    let header = Self.sample.header
    #expect(
      throws: CheckpointError(
        .truncated, "the header needs \(8 + header.count) bytes, the file has 20", offset: 20)
    ) { try SafetensorsHeader(parsing: header, fileSize: 20) }
  }

  @Test func refusesEveryTruncation() throws {
    let (whole, directory) = (Self.sample.bytes, try TemporaryDirectory())
    let (length, dataOffset) = (Self.sample.header.count, Int(Self.sample.dataOffset))
    for count in whole.indices {
      let path = try directory.create("file", Array(whole[..<count]))
      let hint = "the download may be incomplete; fetch the file again"
      let expected =
        switch count {
        case ..<8:
          CheckpointError(
            .truncated, "the file has \(count) bytes, a safetensors file has at least 8", file: path.string,
            offset: 0)
        case ..<dataOffset:
          CheckpointError(
            .truncated,
            "the header claims \(length) bytes, the file has \(count - 8) after its length field",
            file: path.string, offset: 8, hint: hint)
        default:
          CheckpointError(
            .truncated,
            "the tensors need 9 bytes of data, the file has \(count - dataOffset): \(whole.count - count) are missing",
            file: path.string, offset: UInt64(count), hint: hint)
        }
      #expect(throws: expected) { try SafetensorsHeader(reading: InputFile(path)) }
      #expect(throws: expected) { try Checkpoint(path) }
    }
    let path = try directory.create("file", whole)
    #expect(try SafetensorsHeader(reading: InputFile(path)).tensors.count == 2)
  }

  /// Some are valid headers again (another letter in a name); none may trap, and what is accepted keeps
  /// every tensor inside of the file.
  @Test func survivesEveryChangeOfOneByteOfTheHeader() throws {
    let fileSize = UInt64(Self.sample.bytes.count)
    for index in Self.sample.header.indices {
      for byte in UInt8.min...UInt8.max {
        var header = Self.sample.header
        header[index] = byte
        guard let parsed = try? SafetensorsHeader(parsing: header, fileSize: fileSize) else { continue }
        #expect(parsed.tensors.last.map { parsed.dataOffset + $0.end } ?? fileSize == fileSize)
      }
    }
  }

  /// Every value of the length field but the true one is refused: the data begins with zeros, not spaces.
  @Test func survivesEveryChangeOfOneByteOfTheLength() throws {
    let directory = try TemporaryDirectory()
    for index in 0..<8 {
      for byte in UInt8.min...UInt8.max where byte != Self.sample.bytes[index] {
        var bytes = Self.sample.bytes
        bytes[index] = byte
        let path = try directory.create("file", bytes)
        #expect(throws: CheckpointError.self) { try SafetensorsHeader(reading: InputFile(path)) }
      }
    }
  }

  static let lengths: [(UInt64, CheckpointError)] = [
    (0, CheckpointError(.malformed, "the header does not begin with '{'", offset: 8)),
    (1, CheckpointError(.malformed, "the header ends with something other than '}' and spaces", offset: 8)),
    (
      3,
      CheckpointError(
        .truncated, "the header claims 3 bytes, the file has 2 after its length field", offset: 8,
        hint: "the download may be incomplete; fetch the file again")
    ),
    (
      100_000_000,
      CheckpointError(
        .truncated, "the header claims 100000000 bytes, the file has 2 after its length field", offset: 8,
        hint: "the download may be incomplete; fetch the file again")
    ),
    (
      100_000_001,
      CheckpointError(
        .malformed, "the header claims 100000001 bytes, at most 100000000 are allowed", offset: 0,
        hint: "the file is damaged or of another format; fetch it again")
    ),
    (0x0000_0014_0403_4B50, foreign("a zip archive, as PyTorch and Keras write them")),
    (0x0A1A_0A0D_4644_4889, foreign("an HDF5 file, as Keras writes it")),
    (0x469C_FC6C_0A8A_0280, foreign("a PyTorch file of before 1.6")),
    (
      .max,
      CheckpointError(
        .malformed, "the header claims 18446744073709551615 bytes, at most 100000000 are allowed", offset: 0,
        hint: "the file is damaged or of another format; fetch it again")
    ),
  ]

  private static func foreign(_ container: String) -> CheckpointError {
    CheckpointError(
      .malformed, "found \(container), expected a canonical checkpoint", offset: 0,
      hint: "'attnconv import FILE' makes one of it")
  }

  @Test(arguments: lengths)
  func refusesLengthsThatAreNotTrue(_ length: UInt64, _ expected: CheckpointError) throws {
    var file = File("{}")
    file.declaredLength = length
    let directory = try TemporaryDirectory()
    let path = try directory.create("file", file.bytes)
    var expected = expected
    expected.file = path.string
    #expect(throws: expected) { try SafetensorsHeader(reading: InputFile(path)) }
  }
}
