import Foundation
import JSON
import SystemPackage
import TestSupport
import Testing

@testable import Checkpoint

/// What `IntegrityReport` says of checkpoints that were damaged.
@Suite struct IntegrityReportTests {
  private let directory: TemporaryDirectory

  init() throws { directory = try TemporaryDirectory() }

  private func report(_ bytes: [UInt8]) async throws -> IntegrityReport {
    try await IntegrityReport(directory.create("file", bytes), threads: 2)
  }

  /// The parts of a damaged file, as a person reads them.
  private func parts(_ bytes: [UInt8]) async throws -> [String] {
    try await report(bytes).damage.map(\.part.name)
  }

  /// A checkpoint whose header takes several blocks.
  private static let large = CanonicalCheckpoint(
    (0..<20).map { index in
      CanonicalCheckpoint.Tensor(
        name: "stages.0.blocks.\(index).conv.weight", elementType: .float32, shape: [2, 3],
        bytes: (0..<24).map { UInt8(truncatingIfNeeded: index * 24 + $0) })
    })

  @Test(arguments: [CanonicalCheckpoint.sample, large, CanonicalCheckpoint([])].indices)
  func isIntactAsWritten(_ index: Int) async throws {
    let file = [CanonicalCheckpoint.sample, Self.large, CanonicalCheckpoint([])][index]
    let report = try await report(file.bytes())
    #expect(report.isIntact)
    #expect(report.damage == [])
    #expect(report.hint == nil)
    #expect(report.tensorCount == file.tensors.count)
    #expect(try report.byteCount == UInt64(file.bytes().count))
    #expect(try report.metadata == CheckpointMetadata(file.header()))
  }

  /// Each byte of a file, with what it belongs to: computed from the text, not from the reader under test.
  private func owners(_ file: CanonicalCheckpoint) throws -> [String] {
    let bytes = try file.bytes()
    let dataOffset = try Int(file.header().dataOffset)
    let text = String(decoding: bytes[8..<dataOffset], as: Unicode.ASCII.self)
    var owners = [String](repeating: "header", count: bytes.count)
    func own(_ range: Range<Int>, _ owner: String) { for index in range { owners[index] = owner } }
    /// The places of a text that occurs once.
    func place(_ part: String) throws -> Range<Int> {
      let ranges = text.ranges(of: part)
      let range = try #require(ranges.count == 1 ? ranges[0] : nil, "\(part)")
      let begin = text.utf8.distance(from: text.startIndex, to: range.lowerBound)
      return 8 + begin..<8 + begin + part.utf8.count
    }
    own(0..<8, "length of the header")
    for (name, _) in file.metadata {
      let begin = try place("\"\(name)\":\"").lowerBound
      let next = file.metadata.firstIndex { $0.name == name }.map { $0 + 1 } ?? 0
      let end =
        next < file.metadata.count
        ? try place("\"\(file.metadata[next].name)\":\"").lowerBound
        : try place("\"\(try file.header().tensors[0].name)\":{").lowerBound
      own(begin..<end, "metadata \(name)")
    }
    for tensor in file.tensors {
      let begin = try place("\\\"\(tensor.name)\\\":").lowerBound
      let end = bytes[(begin + tensor.name.utf8.count + 7)...].firstIndex(of: UInt8(ascii: "\\")) ?? begin
      // The quote behind the digest and the comma or brace belong to it.
      let rest = text.utf8.dropFirst(end + 2 - 8).starts(with: ",".utf8) ? 3 : 5
      own(begin..<end + rest, "metadata attnconv.digests of tensor \"\(tensor.name)\"")
    }
    for record in try file.header().tensors {
      let entry =
        "\"\(record.name)\":{\"dtype\":\"\(record.elementType.rawValue)\",\"shape\":"
        + "[\(record.shape.map(String.init).joined(separator: ","))],\"data_offsets\":[\(record.begin),\(record.end)]},"
      let whole = try place(String(entry.dropLast())).lowerBound
      own(whole..<whole + entry.utf8.count, "header entry of tensor \"\(record.name)\" (data_offsets)")
      let fields = ["shape": "\"data_offsets\"", "dtype": "\"shape\"", "name": "\"dtype\""]
      for field in ["shape", "dtype", "name"] {
        let end = try #require(entry.range(of: fields[field] ?? ""))
        let count = entry.utf8.distance(from: entry.startIndex, to: end.lowerBound)
        own(whole..<whole + count, "header entry of tensor \"\(record.name)\" (\(field))")
      }
      own(
        dataOffset + Int(record.begin)..<dataOffset + Int(record.end), "data of tensor \"\(record.name)\"")
    }
    let textEnd = 8 + (text.utf8.count - text.utf8.reversed().prefix { $0 == 0x20 }.count)
    own(textEnd..<dataOffset, "padding of the header")
    // The brace that ends the whole text.
    if let last = try file.header().tensors.last(where: { _ in true }) {
      owners[textEnd - 1] = "header entry of tensor \"\(last.name)\" (data_offsets)"
    }
    return owners
  }

  /// Exhaustively: every byte of a whole file, each bit of it alone, and all of them.
  @Test func `every change of a byte is found, and the part that it belongs to is named`() async throws {
    let file = CanonicalCheckpoint([CanonicalCheckpoint.sample.tensors[0]])
    let bytes = try file.bytes()
    let owners = try owners(file)
    let path = try directory.create("file", bytes)
    let descriptor = try FileDescriptor.open(path, .readWrite)
    defer { try? descriptor.close() }
    let dataOffset = try file.header().dataOffset
    var checked = 0
    for (index, byte) in bytes.enumerated() {
      for mask in (0..<8).map({ 1 << $0 }) + [0xFF] as [UInt8] {
        _ = try descriptor.writeAll(toAbsoluteOffset: Int64(index), [byte ^ mask])
        let report = try await IntegrityReport(path, threads: 1)
        #expect(report.damage.map(\.part.name) == [owners[index]], "byte \(index), mask \(mask)")
        #expect(!report.isIntact)
        if UInt64(index) < dataOffset { #expect(report.damage.first?.offset == UInt64(index)) }
        checked += 1
      }
      _ = try descriptor.writeAll(toAbsoluteOffset: Int64(index), [byte])
    }
    #expect(checked == bytes.count * 9)
    #expect(try await IntegrityReport(path, threads: 1).isIntact)
  }

  @Test func `the message says what the byte was`() async throws {
    let file = CanonicalCheckpoint.sample.with(
      "attnconv.source", #"{"file":"a.pth","sha256":"\#(String(repeating: "0", count: 64))"}"#)
    var bytes = try file.bytes()
    let place = try #require(bytes.indices.first { bytes[$0...].starts(with: "resnet".utf8) })
    bytes[place] = UInt8(ascii: "R")
    let report = try await report(bytes)
    #expect(
      report.damage == [
        Damage(
          .metadata(key: "attnconv.architecture"), offset: UInt64(place), byteCount: 1,
          "byte \(place) is 0x52 'R', it was 0x72 'r'")
      ])
    #expect(report.metadata?.architecture == ["family": "resnet"])
    #expect(report.hint == "import a.pth (SHA-256 \(String(repeating: "0", count: 64))) again")
  }

  @Test func `all damage is told, that of the header and that of the data`() async throws {
    var bytes = try Self.large.bytes()
    let header = try Self.large.header()
    // A byte in each of three blocks, and in two tensors.
    let dataOffset = Int(header.dataOffset)
    let places = [200, 1500, 3000, dataOffset + 30, dataOffset + 100]
    for place in places { bytes[place] ^= 0x10 }
    #expect(dataOffset > 3072)
    let owners = try owners(Self.large)
    #expect(try await parts(bytes) == places.map { owners[$0] })
  }

  @Test func `more damage than can be undone names what it may have hit`() async throws {
    var bytes = try Self.large.bytes()
    let entry = Array("\"stages.0.blocks.7.conv.weight\":{\"dtype\"".utf8)
    let place = try #require(bytes.indices.first { bytes[$0...].starts(with: entry) })
    for index in place + 50..<place + 60 { bytes[index] = 0 }
    let report = try await report(bytes)
    let block = place / 1024 * 1024
    #expect(report.damage.first?.part == .header)
    #expect(report.damage.first?.offset == UInt64(block))
    #expect(report.damage.first?.message.contains("tensor \"stages.0.blocks.7.conv.weight\"") == true)
    #expect(report.damage.last?.message.hasPrefix("it cannot be read, so the data was not checked: ") == true)
    #expect(report.hint == "import the source again")
  }

  /// A person with an editor: the header still parses, so the data is checked, too.
  @Test func `a word changed by hand is found in its block`() async throws {
    var bytes = try Self.large.bytes()
    let place = try #require(bytes.indices.first { bytes[$0...].starts(with: "resnet".utf8) })
    bytes.replaceSubrange(place..<place + 6, with: "mobile".utf8)
    bytes[bytes.count - 1] ^= 1
    let report = try await report(bytes)
    #expect(report.damage.map(\.part) == [.header, .data(tensor: "stages.0.blocks.9.conv.weight")])
    #expect(report.damage[0].message.contains("metadata attnconv.architecture"))
    #expect(throws: CheckpointError.self) { try Checkpoint(directory.create("file", bytes)) }
  }

  @Test func `a file that was cut off names the tensors that are missing`() async throws {
    let bytes = try Self.large.bytes()
    let header = try Self.large.header()
    let report = try await report(Array(bytes.dropLast(30)))
    let names = header.tensors.suffix(2).map(\.name)
    #expect(report.damage.map(\.part) == [.size] + names.map { .data(tensor: $0) })
    #expect(report.damage.map(\.byteCount) == [30, 6, 24])
    #expect(
      report.damage[0].message
        == "the file has \(bytes.count - 30) bytes, it had \(bytes.count): 30 are missing")
  }

  @Test func `bytes behind the last tensor are found`() async throws {
    let bytes = try Self.large.bytes()
    let report = try await report(bytes + [0])
    #expect(
      report.damage == [
        Damage(
          .size, offset: UInt64(bytes.count), byteCount: 1,
          "the file has \(bytes.count + 1) bytes, it had \(bytes.count): 1 follow the last tensor")
      ])
  }

  @Test func `every truncation is found or is no checkpoint any more`() async throws {
    let bytes = try CanonicalCheckpoint.sample.bytes()
    let dataOffset = try Int(CanonicalCheckpoint.sample.header().dataOffset)
    for count in bytes.indices {
      let path = try directory.create("file", Array(bytes[..<count]))
      if count < dataOffset {
        await #expect(throws: CheckpointError.self) { try await IntegrityReport(path, threads: 1) }
      } else {
        #expect(try await IntegrityReport(path, threads: 1).damage.first?.part == .size)
      }
    }
  }

  @Test func `two changes, one of them of the length, are told together`() async throws {
    var bytes = try Self.large.bytes()
    bytes[1] ^= 0x08
    bytes[2000] ^= 0x40
    let owners = try owners(Self.large)
    #expect(try await parts(bytes) == ["length of the header", owners[2000]])
  }

  /// Another library may read and write a checkpoint; it opens, and says that its bytes are others.
  @Test func `a file that another program wrote again opens and is not intact`() async throws {
    let file = CanonicalCheckpoint.sample
    let header = try file.header()
    var members = header.metadata
    members.reverse()
    members.insert(("format", "pt"), at: 1)
    let layout = try SafetensorsLayout(file.tensors.map { ($0.name, $0.elementType, $0.shape) })
    let data = try file.bytes().dropFirst(Int(header.dataOffset))
    let path = try directory.create("file", layout.head(metadata: members) + data)
    #expect(try Checkpoint(path).metadata.content == CheckpointMetadata(header).content)
    let report = try await IntegrityReport(path, threads: 1)
    #expect(report.damage.map(\.part) == [.header])
    #expect(report.isSealed)
    #expect(
      report.damage[0].message
        == "what it says is as it was recorded, but other bytes say it: another program wrote the file again")
  }

  @Test func `a file of an early version is not known to be intact`() async throws {
    let file = CanonicalCheckpoint.sample.with("attnconv.header", nil)
    #expect(try Checkpoint(directory.create("file", file.bytes())).names.count == 6)
    let report = try await report(file.bytes())
    #expect(!report.isSealed)
    #expect(!report.isIntact)
    #expect(report.damage == [])
    #expect(report.hint == "import a.pth again")
    var bytes = try file.bytes()
    bytes[bytes.count - 1] ^= 1
    #expect(try await parts(bytes) == ["data of tensor \"stem.norm.weight\""])
  }

  @Test func `a file without digests tells nothing`() async throws {
    let path = try directory.create("file", SafetensorsBytes("{}").bytes)
    await #expect(
      throws: CheckpointError(
        .notCanonical, "a safetensors file without attnconv.version, not a canonical checkpoint",
        file: path.string, hint: "run 'attnconv import' on it first")
    ) { try await IntegrityReport(path, threads: 1) }
  }

  /// The definition in Schemas/checkpoint.schema.json, computed the long way.
  @Test(arguments: [0, 1, 20, 200])
  func `the seal is that of its definition`(_ count: Int) throws {
    let file = CanonicalCheckpoint(
      (0..<count).map { .init(name: "t\($0)", elementType: .uint8, shape: [0], bytes: []) })
    let bytes = try file.bytes()
    let head = Array(bytes[..<Int(try file.header().dataOffset)])
    let value = try #require(try file.header().metadata("attnconv.header"))
    #expect(value.utf8.count == 64 + 8 * ((head.count + 1023) / 1024))
    #expect(HeaderSeal(of: head)?.digits.elementsEqual(value.utf8) == true)
    #expect(try file.header().metadata.first?.name == "attnconv.header")
  }

  /// Found by fuzzing: what looks like an entry began in the length field.
  @Test(arguments: [
    "I\0\0\0\0\0\0\":{\"dtype\":\"F32\"", "\":{\"dtype\":\"", "\"attnconv.x\":{\"dtype\":\"", "", "        ",
  ])
  func findsNoNamesInTheLengthField(_ text: String) {
    let head = Array(text.utf8)
    let parts = HeaderParts(head)
    for offset in head.indices { _ = parts.part(at: offset) }
    #expect(parts.names(in: 0..<min(8, head.count)).allSatisfy { !$0.hasPrefix("tensor") })
  }
}
