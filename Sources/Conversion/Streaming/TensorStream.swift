import Checkpoint
import SourceFormats

/// Hands out the elements of a view in row-major, little-endian order, piece by piece.
///
/// A contiguous view is read straight through. Any other view (transposed, flipped, expanded) is gathered:
/// the part of the storage that a piece needs passes through a window of bounded size.
struct TensorStream {
  /// Pieces of a contiguous view: one stays in the processor's second-level cache between reading and
  /// writing; measured 2 times as fast as pieces of 1 MiB.
  private static let pieceSize = 1 << 17

  /// Pieces and window of a gathered view. Larger, because a transposed tensor reads its storage once for
  /// each piece.
  private static let gatherSize = 8 << 20

  private let tensor: SourceTensor
  private let target: ElementType
  private let width: Int
  private let isBigEndian: Bool

  /// Prepares to read a view as elements of a type.
  ///
  /// - Throws: ``ConversionError`` with code `unsupportedElementType` where the type cannot be converted.
  init(_ tensor: SourceTensor, as target: ElementType, storage: SourceStorage) throws(ConversionError) {
    guard let width = tensor.elementType.byteCount,
      tensor.elementType == target || (tensor.elementType.isConvertibleFloat && target.isConvertibleFloat)
    else {
      throw ConversionError(
        .unsupportedElementType,
        "tensor \"\(tensor.path.last ?? "")\" of \(tensor.elementType.rawValue) cannot become \(target.rawValue)"
      )
    }
    self.tensor = tensor
    self.target = target
    self.width = width
    isBigEndian = storage.isBigEndian
  }

  /// Reads the view and passes its pieces on, in order.
  func forEachPiece(
    of source: SourceBytes, _ body: (ArraySlice<UInt8>) throws(ConversionError) -> Void
  ) throws(ConversionError) {
    if tensor.isContiguous {
      try readContiguous(source, body)
    } else {
      try gather(source, body)
    }
  }

  private func readContiguous(
    _ source: SourceBytes, _ body: (ArraySlice<UInt8>) throws(ConversionError) -> Void
  ) throws(ConversionError) {
    let total = tensor.elementCount * width
    // The buffer moves out and back, so that all tensors of a file share one.
    var buffer = source.piece
    source.piece = []
    defer { source.piece = buffer }
    var done = 0
    while done < total {
      let count = min(total - done, Self.pieceSize)
      if buffer.count != count { buffer.resize(to: count) }
      try source.read(
        storage: tensor.storage, at: UInt64(tensor.storageOffset * width + done), into: &buffer)
      done += count
      try finish(&buffer, body)
    }
  }

  private func gather(
    _ source: SourceBytes, _ body: (ArraySlice<UInt8>) throws(ConversionError) -> Void
  ) throws(ConversionError) {
    let count = tensor.elementCount
    let perPiece = max(1, Self.gatherSize / width)
    var start = 0
    while start < count {
      let end = min(count, start + perPiece)
      var piece = [UInt8](repeating: 0, count: (end - start) * width)
      try fill(&piece, elements: start..<end, from: source)
      try finish(&piece, body)
      start = end
    }
  }

  /// Fills a piece: the storage passes once through a window, and each window gives the elements that lie
  /// in it.
  private func fill(
    _ piece: inout [UInt8], elements: Range<Int>, from source: SourceBytes
  ) throws(ConversionError) {
    var lowest = Int.max
    var highest = Int.min
    forEachOffset(in: elements) { _, offset in
      lowest = min(lowest, offset)
      highest = max(highest, offset)
    }
    let perWindow = max(1, Self.gatherSize / width)
    var window: [UInt8] = []
    var first = lowest
    while first <= highest {
      let last = min(highest, first + perWindow - 1)
      if window.count != (last - first + 1) * width {
        window = [UInt8](repeating: 0, count: (last - first + 1) * width)
      }
      try source.read(storage: tensor.storage, at: UInt64(first * width), into: &window)
      forEachOffset(in: elements) { index, offset in
        guard first <= offset, offset <= last else { return }
        let from = (offset - first) * width
        let to = index * width
        for byte in 0..<width { piece[to + byte] = window[from + byte] }
      }
      first = last + 1
    }
  }

  /// Visits the elements of a range in row-major order: their place in the range and in the storage.
  private func forEachOffset(in elements: Range<Int>, _ body: (_ index: Int, _ offset: Int) -> Void) {
    let shape = tensor.shape
    let strides = tensor.strides
    var position = [Int](repeating: 0, count: shape.count)
    var rest = elements.lowerBound
    var offset = tensor.storageOffset
    for dimension in shape.indices.reversed() {
      position[dimension] = rest % shape[dimension]
      rest /= shape[dimension]
      offset += position[dimension] * strides[dimension]
    }
    for index in 0..<elements.count {
      body(index, offset)
      var dimension = shape.count - 1
      while dimension >= 0 {
        position[dimension] += 1
        offset += strides[dimension]
        if position[dimension] < shape[dimension] { break }
        offset -= shape[dimension] * strides[dimension]
        position[dimension] = 0
        dimension -= 1
      }
    }
  }

  /// Brings raw elements into their final form and passes them on.
  private func finish(
    _ buffer: inout [UInt8], _ body: (ArraySlice<UInt8>) throws(ConversionError) -> Void
  ) throws(ConversionError) {
    if isBigEndian { ElementBytes.reverse(&buffer, unit: tensor.elementType.byteOrderUnit) }
    ElementBytes.apply(tensor.conversion, to: &buffer, elementType: tensor.elementType)
    if target == tensor.elementType {
      try body(buffer[...])
    } else {
      try body(ElementBytes.convert(buffer, from: tensor.elementType, to: target)[...])
    }
  }
}

extension [UInt8] {
  /// Makes the array shorter, or longer with zeros, without giving up its memory.
  fileprivate mutating func resize(to count: Int) {
    if count < self.count {
      removeLast(self.count - count)
    } else {
      append(contentsOf: repeatElement(0, count: count - self.count))
    }
  }
}
