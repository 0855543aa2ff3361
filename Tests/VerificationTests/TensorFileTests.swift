import Bytes
import Checkpoint
import SystemPackage
import Testing
import Verification

/// Files of tensors, on disk and in memory.
@Suite struct TensorFileTests {
  @Test func `a file in memory holds what it holds on disk`() throws {
    let path = ReferenceCase("module-nam").referencePath
    let file = try InputFile(path)
    let bytes = try file.read(at: 0, count: Int(file.size))
    let (stored, inMemory) = try (TensorFile(path), TensorFile(bytes: bytes, name: "nam"))
    #expect(inMemory.path == "nam")
    #expect(inMemory.header == stored.header)
    #expect(try inMemory.sha256() == stored.sha256())
    for record in stored.header.tensors {
      #expect(try inMemory.tensor(record) == stored.tensor(record))
    }
    #expect(try Reference(inMemory).input == Reference(path).input)
  }

  @Test(
    arguments: [
      ([], "the file has 0 bytes, a safetensors file has at least 8", 0),
      ([9, 0, 0, 0, 0, 0, 0, 0], "the header claims 9 bytes, the file has 0 after its length field", 8),
    ] as [([UInt8], String, UInt64)])
  func `a broken file in memory is named`(_ bytes: [UInt8], _ message: String, _ offset: UInt64) throws {
    let error = try #require(throws: VerificationError.self) { try TensorFile(bytes: bytes, name: "broken") }
    #expect(error.code == .fileFailed)
    #expect(error.identifier == "truncated")
    #expect(error.message == message)
    #expect(error.file == "broken")
    #expect(error.offset == offset)
  }
}
