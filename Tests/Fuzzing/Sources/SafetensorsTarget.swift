import Bytes
@testable import Checkpoint
import JSON
@testable import SourceFormats

/// A safetensors file, and the metadata of a canonical checkpoint in it.
enum SafetensorsTarget {
  static func run(_ input: [UInt8]) {
    if input.count > HeaderSeal.offset { examine(input) }
    let file = MemoryFile.holding(input)
    if let header = try? SafetensorsHeader(of: input) {
      check(header, fileSize: UInt64(input.count))
      if let index = try? SafetensorsReader.read(file) {
        SourceRules.check(index)
      } else {
        require(false, "a header that is accepted is that of a source")
      }
    }
    // Once more with a length that fits the text and eight bytes for the size of the data, which no input has to hold.
    guard input.count > 8 else { return }
    let size = input.prefix(8).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    let text = Array(input.dropFirst(8))
    let (fileSize, overflow) = (8 + UInt64(text.count)).addingReportingOverflow(size)
    guard !overflow, fileSize <= UInt64(Int64.max) else { return }
    if let header = try? SafetensorsHeader(parsing: text, fileSize: fileSize) {
      check(header, fileSize: fileSize)
    }
  }

  /// What is accepted covers the file, and is written again and read as the same.
  private static func check(_ header: SafetensorsHeader, fileSize: UInt64) {
    var end: UInt64 = 0
    for tensor in header.tensors {
      require(tensor.begin == end, "\(tensor.name) follows the tensor before it")
      require(
        tensor.elementType.byteCount(shape: tensor.shape) == tensor.byteCount, "\(tensor.name) has its bytes")
      end = tensor.end
    }
    require(header.dataOffset + end == fileSize, "the tensors cover the file")
    if CheckpointMetadata.isPresent(in: header) { _ = try? CheckpointMetadata(header) }

    do throws(CheckpointError) {
      let layout = try SafetensorsLayout(header.tensors.map { ($0.name, $0.elementType, $0.shape) })
      let again = try parse(layout.head(metadata: header.metadata), layout)
      require(rows(again) == rows(header), "the tensors are written as they were read")
      require(members(again) == members(header), "the metadata is written as it was read")
      try checkCanonical(layout, header)
    } catch {
      require(false, "what is accepted can be written and read again: \(error.message)")
    }
  }

  /// The same tensors with the metadata of a canonical checkpoint, which are refused for names with control characters only.
  private static func checkCanonical(
    _ layout: SafetensorsLayout, _ header: SafetensorsHeader
  ) throws(CheckpointError) {
    let names = layout.tensors.map(\.name)
    guard !names.contains(where: { $0.utf8.contains { $0 < 0x20 } }) else { return }
    let digest = String(repeating: "0", count: 64)
    let rows = layout.tensors.map {
      ContentDigest.Row(name: $0.name, elementType: $0.elementType, shape: $0.shape, digest: digest)
    }
    let metadata = CheckpointMetadata(
      architecture: .object([.init("metadata", .array(header.metadata.map { .string($0.value) }))]),
      source: [:], digests: Dictionary(names.map { ($0, digest) }) { $1 }, content: ContentDigest.of(rows))
    let head = layout.head(metadata: metadata.members)
    let again = try CheckpointMetadata(try parse(head, layout))
    require(again == metadata, "the metadata of a checkpoint is read as it was written")
    require(HeaderSeal.isKept(in: head), "a header that was written keeps its seal")
    checkFlip(of: head, by: layout.tensors.count + header.metadata.count)
  }

  /// One byte of a sealed header that changed is noticed, and it is said which.
  private static func checkFlip(of head: [UInt8], by number: Int) {
    var flipped = head
    let place = (number &* 7919 &+ head.count) % head.count
    flipped[place] ^= UInt8(1 << (number % 8))
    guard let examination = HeaderExamination(flipped) else { return require(false, "there is a seal") }
    require(examination.isProven && examination.head == head, "a change of byte \(place) is undone")
    require(examination.changes.map(\.offset) == [place], "a change of byte \(place) is found there")
    require(!IntegrityReport.damage(examination).isEmpty, "a change of byte \(place) is told")
  }

  /// Whatever bytes stand before the data, examining them ends.
  private static func examine(_ head: [UInt8]) {
    _ = HeaderSeal.isKept(in: head)
    if let examination = HeaderExamination(head) { _ = IntegrityReport.damage(examination) }
  }

  private static func parse(
    _ head: [UInt8], _ layout: SafetensorsLayout
  ) throws(CheckpointError) -> SafetensorsHeader {
    try SafetensorsHeader(
      parsing: Array(head.dropFirst(8)), fileSize: UInt64(head.count) + (layout.tensors.last?.end ?? 0))
  }

  /// The value of the seal is computed, whatever stood there.
  private static func members(_ header: SafetensorsHeader) -> [[String]] {
    header.metadata.map { [$0.name, $0.name == CheckpointMetadata.Key.header.rawValue ? "" : $0.value] }
  }

  private static func rows(_ header: SafetensorsHeader) -> Set<[String]> {
    Set(header.tensors.map { [$0.name, $0.elementType.rawValue, "\($0.shape)"] })
  }
}
