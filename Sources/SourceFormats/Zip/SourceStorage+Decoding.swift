public import Bytes

extension SourceStorage {
  /// Decoded in pieces of this size: large enough to be fast, small beside the memory budget.
  private static let pieceSize = 1 << 18

  /// Reads a stored or deflated storage front to back and passes the decoded bytes on in pieces.
  ///
  /// - Returns: the CRC-32 of all decoded bytes.
  /// - Throws: ``SourceError`` with code `malformed` where there are not as many bytes as declared.
  public func forEachPiece(
    of file: InputFile, _ body: (ArraySlice<UInt8>) throws(BytesError) -> Void
  ) throws(SourceError) -> CRC32 {
    var checksum = CRC32()
    do {
      guard case .deflated(let compressed) = encoding else {
        var done: UInt64 = 0
        while done < byteCount {
          let piece = try file.read(
            at: offset + done, count: Int(min(UInt64(Self.pieceSize), byteCount - done)))
          checksum.update(piece)
          try body(piece[...])
          done += UInt64(piece.count)
        }
        return checksum
      }
      let inflater = try Inflater()
      var output = [UInt8](repeating: 0, count: Self.pieceSize)
      var input: ArraySlice<UInt8> = []
      var consumed: UInt64 = 0
      var produced: UInt64 = 0
      while !inflater.isFinished {
        if input.isEmpty, consumed < compressed {
          let count = Int(min(UInt64(Self.pieceSize), compressed - consumed))
          input = try file.read(at: offset + consumed, count: count)[...]
          consumed += UInt64(count)
        }
        let step: Inflater.Step
        do { step = try inflater.inflate(input, into: &output) } catch {
          throw SourceError(
            error.code, "record \(name): \(error.message)", file: file.sourceName, offset: offset)
        }
        input = input.dropFirst(step.consumed)
        produced += UInt64(step.produced)
        guard produced <= byteCount, step.produced > 0 || step.consumed > 0 || inflater.isFinished else {
          throw SourceError(
            .malformed,
            "record \(name) does not inflate to the \(byteCount) bytes that the archive declares",
            file: file.sourceName, offset: offset)
        }
        checksum.update(output[..<step.produced])
        try body(output[..<step.produced])
      }
      guard input.isEmpty, consumed == compressed else {
        throw SourceError(
          .malformed,
          "record \(name): \(UInt64(input.count) + compressed - consumed) bytes follow the end of the deflate stream",
          file: file.sourceName, offset: offset)
      }
      guard produced == byteCount else {
        throw SourceError(
          .malformed, "record \(name) inflates to \(produced) bytes, the archive declares \(byteCount)",
          file: file.sourceName, offset: offset)
      }
    } catch let error as SourceError {
      throw error
    } catch let error as BytesError {
      throw SourceError(error, file: file.sourceName)
    } catch {
      throw SourceError(.inputOutput, "\(error)", file: file.sourceName)
    }
    return checksum
  }
}
