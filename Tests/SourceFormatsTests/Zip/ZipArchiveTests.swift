import Bytes
import Testing

@testable import SourceFormats

@Suite struct ZipArchiveTests {
  private let input = TemporaryInput()
  private static let first = ZipBytes.Record("a/one", [1, 2, 3])
  private static let second = ZipBytes.Record("a/two", Array(repeating: 7, count: 100))
  private static let plain = ZipBytes([first, second])

  private func open(_ bytes: [UInt8]) throws -> ZipArchive { try ZipArchive(try input.holding(bytes)) }

  static let variants = [
    plain,
    plain.with { $0.hasZip64End = false },
    plain.with { $0.usesZip64Fields = true },
    plain.with { $0.comment = Array("PK\u{5}\u{6} is no end record".utf8) },
    plain.with { $0.comment = Array(repeating: 0x20, count: 65535) },
    ZipBytes([
      first.with { record in
        record.flags = 0
        record.localSizes = (record.crc32, 3, 3)
      }, second,
    ]),
  ]

  @Test(arguments: variants.indices)
  func readsRecordsWhateverTheHeadersLookLike(_ index: Int) throws {
    let zip = try open(Self.variants[index].bytes)
    #expect(zip.entries.map(\.name) == ["a/one", "a/two"])
    let one = try #require(zip.entry(named: "a/one"))
    #expect(try zip.read(one, limit: 3).bytes == [1, 2, 3])
    #expect(try zip.read(one, limit: 3).isIntact)
    let storage = try #require(zip.entry(named: "a/two")).storage(file: 4)
    #expect(storage.file == 4)
    #expect(storage.byteCount == 100)
    #expect(storage.crc32 == Self.second.crc32)
    #expect(try zip.file.read(at: storage.offset, count: 100) == Self.second.stored)
    #expect(zip.entry(named: "a/three") == nil)
  }

  /// What breaks a rule, and the error it gives; offsets of records are 0 and 54, of the directory 205.
  static let refusals: [(String, ZipBytes, SourceError)] = [
    (
      "duplicate name", ZipBytes([first, first]),
      SourceError(
        .malformed, "the archive holds a/one twice; readers differ in which one they take", offset: 159)
    ),
    (
      "another local name", ZipBytes([first.with { $0.localName = "a/two" }]),
      SourceError(
        .malformed, "the local header says \"a/two\", the central directory a/one", offset: 0)
    ),
    (
      "no local header", ZipBytes([first.with { $0.localSignature = 1 }]),
      SourceError(.malformed, "found no local header of a/one where the directory points", offset: 0)
    ),
    (
      "encrypted", ZipBytes([first.with { $0.flags = 9 }]),
      SourceError(
        .unsupported, "a/one is encrypted", offset: 54, hint: "decrypt the archive with the tool that made it"
      )
    ),
    (
      "encrypted in the local header only", ZipBytes([first.with { $0.localFlags = 9 }]),
      SourceError(
        .unsupported, "a/one is encrypted", offset: 0, hint: "decrypt the archive with the tool that made it")
    ),
    (
      "masked", ZipBytes([first.with { $0.flags = 8 | 1 << 13 }]),
      SourceError(
        .unsupported, "a/one is encrypted", offset: 54, hint: "decrypt the archive with the tool that made it"
      )
    ),
    (
      "patched data", ZipBytes([first.with { $0.flags = 8 | 1 << 5 }]),
      SourceError(.unsupported, "a/one is compressed patched data, which is not read", offset: 54)
    ),
    (
      "bzip2", ZipBytes([first.with { $0.method = 12 }]),
      SourceError(
        .unsupported, "a/one is compressed with method 12; stored (0) and deflated (8) are read", offset: 54,
        hint: "pack the archive again without compression")
    ),
    (
      "another local method", ZipBytes([first.with { $0.localMethod = 8 }]),
      SourceError(.malformed, "the two headers of a/one name different compression methods", offset: 0)
    ),
    (
      "sizes of a stored record", ZipBytes([first.with { $0.declaredByteCount = 4 }]),
      SourceError(.malformed, "a/one is stored without compression but has 3 bytes for 4", offset: 54)
    ),
    (
      "more than deflate can hold",
      ZipBytes([
        first.with {
          $0.method = 8
          $0.declaredByteCount = 4000
        }
      ]),
      SourceError(
        .malformed, "a/one declares 4000 bytes, more than 3 deflated bytes can hold", offset: 54)
    ),
    (
      "other sizes in the local header", ZipBytes([first.with { $0.localSizes = (0, 3, 4) }]),
      SourceError(.malformed, "the two headers of a/one disagree about its size or checksum", offset: 0)
    ),
    (
      "zero sizes without a descriptor", ZipBytes([first.with { $0.flags = 0 }]),
      SourceError(.malformed, "the two headers of a/one disagree about its size or checksum", offset: 0)
    ),
    (
      "past the directory",
      ZipBytes([
        first.with {
          $0.declaredByteCount = 60
          $0.declaredStoredCount = 60
        }
      ]),
      SourceError(.malformed, "the record a/one reaches into the central directory", offset: 0)
    ),
    (
      "past the file",
      ZipBytes([
        first.with {
          $0.declaredByteCount = 1 << 31
          $0.declaredStoredCount = 1 << 31
        }
      ]),
      SourceError(.malformed, "2147483648 bytes of a/one reach past the end of the file", offset: 0)
    ),
    (
      "header in the directory", ZipBytes([first.with { $0.headerOffset = 60 }]),
      SourceError(.malformed, "a/one begins at byte 60, inside the central directory", offset: 54)
    ),
    (
      "parent directory", ZipBytes([ZipBytes.Record("a/../b", [])]),
      SourceError(.malformed, "the record name \"a/../b\" is not a relative path without `..`", offset: 52)
    ),
    (
      "absolute path", ZipBytes([ZipBytes.Record("/a", [])]),
      SourceError(.malformed, "the record name \"/a\" is not a relative path without `..`", offset: 48)
    ),
    (
      "bytes before",
      ZipBytes([first]).with {
        $0.before = [0, 0]; $0.hasZip64End = false
      },
      SourceError(
        .malformed,
        "51 bytes of central directory from byte 54 do not end at byte 107, where the end record begins: there "
          + "are bytes before the archive, or the file is damaged",
        offset: 107, hint: "download or copy the file again")
    ),
    (
      "bytes after", ZipBytes([first]).with { $0.after = [0, 0] },
      SourceError(
        .malformed, "2 bytes follow the end of the zip archive", offset: 203,
        hint: "download or copy the file again")
    ),
    (
      "a record too few", ZipBytes([first, second]).with { $0.countOffset = -1 },
      SourceError(
        .malformed, "51 bytes of the central directory are left after its 1 records", offset: 256)
    ),
    (
      "a record too many", ZipBytes([first]).with { $0.countOffset = 1 },
      SourceError(
        .malformed, "the central directory ends after 1 of the 2 records that the end record counts",
        offset: 105)
    ),
    (
      "several disks", ZipBytes([first]).with { $0.diskNumber = 1 },
      SourceError(
        .unsupported, "the zip archive is split over several files", offset: 181,
        hint: "join the parts first, for example with `zip -s 0 split.zip --out whole.zip`")
    ),
    (
      "a record on another disk", ZipBytes([first.with { $0.disk = 1 }]),
      SourceError(.unsupported, "a/one lies in another part of a split archive", offset: 54)
    ),
  ]

  @Test(arguments: refusals.indices)
  func refusesWhatReadersWouldSeeDifferently(_ index: Int) throws {
    let (name, archive, expected) = Self.refusals[index]
    var located = expected
    located.file = input.name
    #expect(throws: located, "\(name)") { try open(archive.bytes) }
  }

  @Test func refusesRecordsThatOverlap() throws {
    // The second record lies inside the data of the first: a whole archive inside a stored record.
    let inner = ZipBytes([Self.first]).bytes
    let outer = ZipBytes.Record("a/outer", inner)
    let archive = ZipBytes([outer, Self.first.with { $0.headerOffset = 37 }])
    #expect(
      throws: SourceError(
        .malformed, "the records a/outer and a/one overlap", file: input.name, offset: 37)
    ) { try open(archive.bytes) }
  }

  @Test func saysWhereATruncatedDownloadStopped() throws {
    let bytes = Self.plain.bytes
    #expect(
      throws: SourceError(
        .truncated,
        "the file stops at byte 120, before the central directory at the end of every zip archive; without it "
          + "the full size is not known",
        file: input.name, offset: 120, hint: "download the file again and compare its size")
    ) { try open(Array(bytes.prefix(120))) }
  }

  @Test func readsOnlyAsMuchAsTheCallerWants() throws {
    let zip = try open(Self.plain.bytes)
    let two = try #require(zip.entry(named: "a/two"))
    #expect(
      throws: SourceError(
        .limitExceeded, "a/two has 100 bytes; at most 99 are read", file: input.name,
        offset: two.dataOffset)
    ) { try zip.read(two, limit: 99) }
  }

  @Test func tellsBytesThatDoNotMatchTheirChecksum() throws {
    let zip = try open(ZipBytes([Self.first.with { $0.crc32 = 5 }]).bytes)
    #expect(try zip.read(zip.entries[0], limit: 3).isIntact == false)
  }

  /// `deflate` of 1000 zeros, and streams around it that do not hold what the directory says.
  @Test(arguments: [
    (deflatedZeros, 1000, true), (deflatedZeros, 999, false), (deflatedZeros, 1001, false),
    (Array(deflatedZeros.dropLast()), 1000, false), (deflatedZeros + [0], 1000, false),
    ([0xFF, 0xFF, 0xFF, 0xFF, 0xFF], 1000, false),
  ])
  func inflatesExactlyWhatIsDeclared(_ stored: [UInt8], _ byteCount: Int, _ isWhole: Bool) throws {
    let record = ZipBytes.Record("a/z", Array(repeating: 0, count: 1000)).with {
      $0.stored = stored
      $0.method = 8
      $0.byteCount = byteCount
    }
    let zip = try open(ZipBytes([record]).bytes)
    if isWhole {
      let (bytes, isIntact) = try zip.read(zip.entries[0], limit: 1000)
      #expect(bytes == Array(repeating: 0, count: 1000))
      #expect(isIntact)
    } else {
      let error = #expect(throws: SourceError.self) { try zip.read(zip.entries[0], limit: 2000) }
      #expect(error?.code == .malformed)
    }
  }
}

/// zlib's raw deflate of 1000 zero bytes, level 9.
let deflatedZeros: [UInt8] = [0x63, 0x60, 0x18, 0x05, 0xA3, 0x60, 0x14, 0x0C, 0x77, 0x00, 0x00]
