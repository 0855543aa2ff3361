import Bytes
import Checkpoint
import SystemPackage
import Testing
import TestSupport

@Suite struct TensorViewTests {
  private let directory: TemporaryDirectory
  private let checkpoint: Checkpoint

  init() throws {
    directory = try TemporaryDirectory()
    checkpoint = try Checkpoint(directory.create("sample", CanonicalCheckpoint.sample.bytes()))
  }

  /// Bytes and values in Python, where `vals = [1/3, -2.5, 65504.0, 6e-8]`:
  ///
  ///     np.array([1/3, -0.0, 1e-45, 3.4028235e38], '<f4').tobytes().hex(' ')
  ///     np.array(vals, '<f2').tobytes().hex(' '), np.array(vals, '<f2').astype('f4')
  ///     torch.tensor(vals).to(torch.bfloat16).view(torch.int16).numpy().tobytes().hex(' ')
  ///     np.array([1/3, 0.1, 1e300, 1 + 2**-24], '<f8').tobytes().hex(' ')
  @Test(
    arguments: [
      ("stem.conv.weight", [0x1.555556p-2, -0.0, 0x1p-149, 0x1.fffffep127]),
      ("stem.norm.weight", [0x1.554p-2, -2.5, 65504, 0x1p-24]),
      ("stem.norm.bias", [0x1.56p-2, -2.5, 65536, 0x1.02p-24]),
      // Rounded to the nearest, ties to even; too large a number becomes infinity.
      ("head.weight", [0x1.555556p-2, 0x1.99999ap-4, .infinity, 1]),
      ("head.bias", []),
    ] as [(String, [Float])])
  func givesTheElementsAsSinglePrecision(_ name: String, _ expected: [Float]) throws {
    let values = try checkpoint.tensor(name).floats()
    #expect(values.map(\.bitPattern) == expected.map(\.bitPattern))
  }

  @Test(
    arguments: ElementType.allCases.filter { !$0.isConvertibleFloat })
  func refusesToConvertOtherTypes(_ type: ElementType) throws {
    let byteCount = try #require(type.byteCount(shape: [8]))
    let file = CanonicalCheckpoint([
      .init(name: "a", elementType: type, shape: [8], bytes: Array(repeating: 0, count: byteCount))
    ])
    let path = try directory.create("other", file.bytes())
    let tensor = try Checkpoint(path).tensor("a")
    #expect(
      throws: CheckpointError(
        .unsupportedElementType, "tensor \"a\" holds \(type.rawValue), expected a floating-point type",
        file: path.string)
    ) { try tensor.floats() }
  }

  @Test func keepsTheBitsOfNumbersThatAreNone() throws {
    let file = CanonicalCheckpoint([
      .init(name: "a", elementType: .float32, shape: [2], bytes: [1, 0, 0x80, 0x7F, 0, 0, 0xC0, 0xFF]),
      .init(name: "b", elementType: .bfloat16, shape: [2], bytes: [0xC1, 0x7F, 0x80, 0xFF]),
      .init(name: "c", elementType: .float16, shape: [2], bytes: [0x01, 0x7E, 0x00, 0xFC]),
    ])
    let other = try Checkpoint(directory.create("other", file.bytes()))
    let bits = try ["a", "b", "c"].map { try other.tensor($0).floats().map(\.bitPattern) }
    #expect(bits == [[0x7F80_0001, 0xFFC0_0000], [0x7FC1_0000, 0xFF80_0000], [0x7FC0_2000, 0xFF80_0000]])
  }

  @Test func givesExactlyItsOwnBytes() throws {
    for tensor in CanonicalCheckpoint.sample.tensors {
      let view = try checkpoint.tensor(tensor.name)
      let copy = view.bytes.copied()
      #expect(copy == tensor.bytes, "\(tensor.name)")
      #expect(view.digest == checkpoint.metadata.digests[tensor.name], "\(tensor.name)")
    }
  }

  /// As the article "Loading weights in your own package" shows it.
  @Test func lendsItsBytesToFunctionsThatTakePointers() throws {
    let file = CanonicalCheckpoint([
      .init(name: "a", elementType: .float32, shape: [2], bytes: [0, 0, 0x80, 0x3F, 0, 0, 0x20, 0xC0])
    ])
    let weight = try Checkpoint(directory.create("other", file.bytes())).tensor("a")
    let sum = unsafe weight.bytes.withUnsafeBytes { bytes in
      let floats = unsafe bytes.assumingMemoryBound(to: Float.self)
      return unsafe floats.reduce(0, +)
    }
    #expect(sum == 1 - 2.5)
  }

  @Test func outlivesTheCheckpointItCameFrom() throws {
    var checkpoint: Checkpoint? = try Checkpoint(directory.file("sample"))
    let view = try #require(checkpoint?["stem.norm.weight"])
    checkpoint = nil
    #expect(try view.floats().count == 4)
  }

  /// Data begins at a multiple of 64 bytes and the widest types come first.
  @Test func liesAtAMultipleOfItsElementSize() throws {
    for name in checkpoint.names {
      let view = try checkpoint.tensor(name)
      let address = unsafe view.bytes.withUnsafeBytes { Int(bitPattern: $0.baseAddress) }
      #expect(address.isMultiple(of: view.elementType.byteCount ?? 1), "\(name)")
    }
  }
}
