import Checkpoint
import Testing

@Suite struct ContentDigestTests {
  /// SHA-256 of the bytes 1, 2, 3, 4, of none, and of the byte 7.
  private static let rows = [
    ContentDigest.Row(
      name: "head.weight", elementType: .float32, shape: [1, 1],
      digest: "9f64a747e1b97f131fabb6b447296c9b6f0201e79fb3c5356e6c77e89b6a806a"),
    ContentDigest.Row(
      name: "b", elementType: .float16, shape: [0],
      digest: "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
    ContentDigest.Row(
      name: "scalar", elementType: .uint8, shape: [],
      digest: "ca358758f6d27e6cf45272937977a748fd88391db679ceda7dc7bf1f005ee879"),
  ]

  /// In Python:
  ///
  ///     sha = lambda b: hashlib.sha256(b).hexdigest()
  ///     rows = [('head.weight', 'F32', '1,1', sha(b'\1\2\3\4')), ('b', 'F16', '0', sha(b'')), ('scalar', 'U8', '', sha(b'\7'))]
  ///     sha(''.join('\t'.join(row) + '\n' for row in sorted(rows)).encode())
  private static let expected = "fb6cbed1d39added7d5342f87b7f75455af6c3754c9126ebbfe198d5f7176941"

  @Test func agreesWithAnIndependentImplementation() {
    #expect(ContentDigest.of(Self.rows) == Self.expected)
    // SHA-256 of no bytes.
    #expect(ContentDigest.of([]) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
  }

  @Test(arguments: [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]])
  func doesNotDependOnTheOrderOfTheRows(_ order: [Int]) {
    #expect(ContentDigest.of(order.map { Self.rows[$0] }) == Self.expected)
  }

  @Test(arguments: ["num_batches_tracked", "stem.norm.num_batches_tracked"])
  func leavesOutCountersOfBatches(_ name: String) {
    let counter = ContentDigest.Row(name: name, elementType: .int64, shape: [], digest: "0")
    #expect(ContentDigest.of(Self.rows + [counter]) == Self.expected)
    #expect(ContentDigest.isBatchCount(name))
  }

  @Test(arguments: ["x_num_batches_tracked", "num_batches_tracked.weight", "num_batches", ""])
  func countsWhatOnlyLooksLikeOne(_ name: String) {
    let row = ContentDigest.Row(name: name, elementType: .int64, shape: [], digest: "0")
    #expect(ContentDigest.of(Self.rows + [row]) != Self.expected)
    #expect(!ContentDigest.isBatchCount(name))
  }

  @Test func dependsOnEveryPartOfARow() {
    let changes: [(inout ContentDigest.Row) -> Void] = [
      { $0.name = "head.bias" }, { $0.elementType = .int32 }, { $0.shape = [1] },
      { $0.digest = String($0.digest.reversed()) },
    ]
    var digests: Set = [Self.expected]
    for change in changes {
      var rows = Self.rows
      change(&rows[0])
      digests.insert(ContentDigest.of(rows))
    }
    #expect(digests.count == 5)
  }

  @Test func writesBytesAsLowerCaseDigits() {
    #expect(ContentDigest.hexadecimal([0x00, 0x0A, 0xF0, 0xFF] as [UInt8]) == "000af0ff")
    #expect(ContentDigest.hexadecimal([UInt8]()) == "")
  }
}
