import Bytes
import SystemPackage

extension InputFile {
  /// The path as the user wrote it, for messages.
  var sourceName: String { path.string }

  /// Reads exactly `count` bytes and tells a failure in terms of this module.
  func sourceBytes(at offset: UInt64, count: Int) throws(SourceError) -> [UInt8] {
    do { return try read(at: offset, count: count) } catch {
      throw SourceError(error, file: sourceName)
    }
  }

  /// Reads a record of a fixed size.
  func record<Record>(
    at offset: UInt64, count: Int, _ parse: (inout ByteReader) throws(BytesError) -> Record
  ) throws(SourceError) -> Record {
    var reader = ByteReader(try sourceBytes(at: offset, count: count), baseOffset: offset)
    do { return try parse(&reader) } catch { throw SourceError(error, file: sourceName) }
  }
}
