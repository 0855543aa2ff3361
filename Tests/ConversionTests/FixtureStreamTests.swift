import Checkpoint
import Crypto
import JSON
import SourceFormats
import Testing

@testable import Conversion
import TestSupport

/// The bytes of every tensor that real torch and Keras wrote, read the way an import reads them.
@Suite struct FixtureStreamTests {
  private static let fixtures = [
    "pytorch-zip", "pytorch-legacy", "pytorch-objects", "safetensors", "keras",
  ].flatMap(Fixture.all(in:)).filter { $0.members["content"]?.stringValue != nil }

  @Test func `the fixtures are there`() { #expect(Self.fixtures.count >= 43) }

  @Test(arguments: fixtures)
  func `tensors have the bytes that their writer gives them`(_ fixture: Fixture) throws {
    let directory = try TemporaryDirectory()
    let index = try fixture.open(ignoreChecksums: true)
    let key = (fixture.members["keyPath"]?.stringValue ?? "").split(separator: ".").map(String.init)
    let prefix = fixture.members["prefix"]?.stringValue ?? ""
    let rows = try index.tensors.filter { $0.path.starts(with: key) }.map { tensor in
      let bytes = try ByteSource.read(tensor, of: index, ignoreChecksums: true, scratch: directory)
      return Fixture.Row(
        name: String(
          tensor.path.dropFirst(key.count).joined(separator: index.separator).dropFirst(prefix.count)),
        elementType: tensor.elementType, shape: tensor.shape,
        digest: ContentDigest.hexadecimal(SHA256.hash(data: bytes)))
    }
    let expected = try fixture.rows()
    #expect(rows.count == expected.count)
    #expect(Set(rows) == Set(expected))
  }
}
