import Bytes
import Checkpoint
import Crypto
import Foundation
import SystemPackage
import Testing

@testable import SourceFormats

/// Files that real torch wrote, compared with what torch says is in them: names, types, shapes and values.
@Suite struct TorchFixtureTests {
  @Test func findsTheFixtures() { #expect(TorchFixture.all.count >= 30) }

  @Test(arguments: TorchFixture.all)
  func readsWhatTorchWrote(_ fixture: TorchFixture) throws {
    let index = try fixture.read()
    #expect(index.container.rawValue == fixture.container)
    let unreadable = index.extras.compactMap { extra in
      if case .unreadableTensor = extra.value { extra.path.last } else { nil }
    }
    #expect(unreadable == fixture.refused)
    guard let rows = fixture.rows else { return }
    let found = try index.tensors.filter { $0.path.dropLast() == fixture.keyPath[...] }.map { tensor in
      let name = try #require(tensor.path.last)
      #expect(name.hasPrefix(fixture.prefix))
      return TorchFixture.Row(
        name: String(name.dropFirst(fixture.prefix.count)), elementType: tensor.elementType.rawValue,
        shape: tensor.shape, digest: try digest(tensor, index))
    }
    #expect(found == rows)
  }

  /// SHA-256 of the elements in row-major order, gathered one by one.
  private func digest(_ tensor: SourceTensor, _ index: SourceIndex) throws -> String {
    let storage = index.storages[tensor.storage]
    var bytes = try index.files[storage.file].read(at: storage.offset, count: Int(storage.storedByteCount))
    if storage.encoding != .stored {
      var output = [UInt8](repeating: 0, count: Int(storage.byteCount))
      _ = try Inflater().inflate(bytes[...], into: &output)
      bytes = output
    }
    let size = try #require(tensor.elementType.byteCount)
    let unit = tensor.elementType.byteOrderUnit
    var gathered: [UInt8] = []
    var position = [Int](repeating: 0, count: tensor.shape.count)
    for _ in 0..<tensor.elementCount {
      let element = tensor.storageOffset + zip(position, tensor.strides).reduce(0) { $0 + $1.0 * $1.1 }
      var value = Array(bytes[element * size..<(element + 1) * size])
      if storage.isBigEndian {
        value = stride(from: 0, to: size, by: unit).flatMap { value[$0..<$0 + unit].reversed() }
      }
      // Floating-point numbers have their sign in the last bit; conjugation changes the second half.
      if tensor.conversion.contains(.conjugate) { value[size - 1] ^= 0x80 }
      if tensor.conversion.contains(.negate) {
        for end in stride(from: unit, through: size, by: unit) { value[end - 1] ^= 0x80 }
      }
      gathered += value
      for dimension in position.indices.reversed() {
        position[dimension] += 1
        if position[dimension] < tensor.shape[dimension] { break }
        position[dimension] = 0
      }
    }
    return SHA256.hash(data: gathered).map { String(format: "%02x", $0) }.joined()
  }

  @Test func tellsTheTarFormatOfTorch0Point1() throws {
    let folder = TorchFixture.root.appendingPathComponent("not-checkpoints")
    func open(_ name: String) throws -> InputFile {
      try InputFile(FilePath(folder.appendingPathComponent(name).path))
    }
    #expect(PyTorchTarFormat.matches(try open("torch-0.1.9.pth.tar")))
    #expect(!PyTorchTarFormat.matches(try open("text.tar")))
  }
}
