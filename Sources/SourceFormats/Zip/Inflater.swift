import CZlib

/// A raw DEFLATE decoder (RFC 1951) that works in bounded memory: a chunk in, a chunk out.
///
/// The output never grows: each call fills at most the part of the buffer that the caller hands over, so a
/// stream that expands without end cannot take more memory than that. The caller compares the totals with
/// the size that the container declares.
///
/// ```swift
/// let inflater = try Inflater()
/// var output = [UInt8](repeating: 0, count: 1 << 18)
/// while !inflater.isFinished {
///   let step = try inflater.inflate(input, into: &output)
///   input = input.dropFirst(step.consumed)   // and refill it from the file where it is empty
///   use(output[..<step.produced])
/// }
/// ```
@safe public final class Inflater {
  /// What one call of ``inflate(_:into:from:)`` did.
  public struct Step: Hashable, Sendable {
    /// The number of input bytes that were used up.
    public var consumed: Int
    /// The number of bytes that were written to the output.
    public var produced: Int

    /// Creates a step.
    public init(consumed: Int, produced: Int) {
      self.consumed = consumed
      self.produced = produced
    }
  }

  /// Whether the end of the stream has been reached; nothing more is read or written then.
  public private(set) var isFinished = false

  // zlib keeps the address of the stream in its own state, so the stream must not move.
  private let stream: UnsafeMutablePointer<z_stream>

  /// Creates a decoder at the start of a stream.
  ///
  /// - Throws: ``SourceError`` with code `inputOutput` where zlib cannot allocate its window.
  public init() throws(SourceError) {
    unsafe stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
    unsafe stream.initialize(to: z_stream())
    // Negative window bits: no zlib or gzip header around the data (zlib.h, inflateInit2).
    let status = unsafe inflateInit2_(
      stream, -MAX_WBITS, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
    guard status == Z_OK else {
      unsafe stream.deallocate()
      throw SourceError(.inputOutput, "zlib could not start to inflate (status \(status))")
    }
  }

  deinit {
    unsafe inflateEnd(stream)
    unsafe stream.deallocate()
  }

  /// Decodes until the input is used up, the output is full, or the stream ends.
  ///
  /// A step that neither consumes nor produces means that more input is needed.
  ///
  /// - Parameters:
  ///   - input: the next bytes of the stream.
  ///   - output: the buffer to write to; its count does not change.
  ///   - start: the index in `output` of the first byte to write.
  /// - Returns: how many bytes were read and written.
  /// - Throws: ``SourceError`` with code `malformed` where the bytes are no DEFLATE stream.
  public func inflate(
    _ input: ArraySlice<UInt8>, into output: inout [UInt8], from start: Int = 0
  ) throws(SourceError) -> Step {
    precondition(start >= 0 && start <= output.count, "the first byte to write lies in the buffer")
    guard !isFinished else { return Step(consumed: 0, produced: 0) }
    // zlib counts with 32 bits; a longer buffer is finished by the next calls.
    let limit = Int(Int32.max)
    let available = min(input.count, limit)
    let room = min(output.count - start, limit)
    var status = Z_OK
    unsafe input.withUnsafeBytes { source in
      unsafe output.withUnsafeMutableBytes { target in
        unsafe stream.pointee.next_in = UnsafeMutablePointer(
          mutating: source.baseAddress?.assumingMemoryBound(to: UInt8.self))
        unsafe stream.pointee.avail_in = UInt32(available)
        unsafe stream.pointee.next_out = target.baseAddress?.assumingMemoryBound(to: UInt8.self)
          .advanced(by: start)
        unsafe stream.pointee.avail_out = UInt32(room)
        status = unsafe CZlib.inflate(stream, Z_NO_FLUSH)
      }
    }
    let step = unsafe Step(
      consumed: available - Int(stream.pointee.avail_in), produced: room - Int(stream.pointee.avail_out))
    unsafe stream.pointee.next_in = nil
    unsafe stream.pointee.next_out = nil
    switch status {
    case Z_STREAM_END: isFinished = true
    // Z_BUF_ERROR: no progress was possible, which is not a fault of the stream (zlib.h, inflate).
    case Z_OK, Z_BUF_ERROR: break
    case Z_MEM_ERROR: throw SourceError(.inputOutput, "zlib ran out of memory")
    default: throw SourceError(.malformed, "the bytes are not a deflate stream (zlib status \(status))")
    }
    return step
  }
}
