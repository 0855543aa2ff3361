import Bytes
import Checkpoint
import SourceFormats

/// Hands out the elements of a view in row-major, little-endian order, piece by piece.
///
/// A contiguous view is read straight through. Any other view (transposed, flipped, expanded) is gathered: each piece is
/// a box of the view, and what it needs of the storage passes through a window of bounded size.
struct TensorStream {
  /// What is passed on at a time, and what of a contiguous view is read at a time: it stays in the processor's
  /// second-level cache between reading and writing; measured 2 times as fast as pieces of 1 MiB.
  private static let pieceSize = 1 << 17

  /// Pieces and window of a gathered view. Larger, because a piece of a transposed tensor needs bytes from everywhere in
  /// its storage; measured faster than 8 MiB for the kernels of a ResNet-50.
  private static let gatherSize = 4 << 20

  /// Runs of so many bytes are read one by one where the window does not reach from the first to the last: a call costs
  /// as much as copying about as many bytes.
  private static let smallestRun = 1 << 10

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
      if buffer.count != count { buffer.resize(to: count, atMost: Self.pieceSize) }
      try source.read(
        storage: tensor.storage, at: UInt64(tensor.storageOffset * width + done), into: &buffer)
      done += count
      try finish(&buffer, body)
    }
  }

  /// A part of the view with the place of its first element in the storage, in elements.
  private struct Box {
    var shape: [Int]
    var origin: Int
  }

  private func gather(
    _ source: SourceBytes, _ body: (ArraySlice<UInt8>) throws(ConversionError) -> Void
  ) throws(ConversionError) {
    var (piece, window) = (source.gathered, source.window)
    (source.gathered, source.window) = ([], [])
    defer { (source.gathered, source.window) = (piece, window) }
    // The dimension of which some positions fill a piece with all that follows them.
    let room = max(1, Self.gatherSize / width)
    var (dimension, rest) = (tensor.shape.count - 1, 1)
    while dimension > 0, rest * tensor.shape[dimension] <= room {
      rest *= tensor.shape[dimension]
      dimension -= 1
    }
    let step = max(1, room / rest)
    try forEachBox(Box(shape: tensor.shape, origin: tensor.storageOffset), 0, cut: dimension, step) {
      box throws(ConversionError) in
      piece.resize(to: box.shape.reduce(1, *) * width, atMost: Self.gatherSize)
      try fill(&piece, 0, SourceTensor.contiguousStrides(box.shape), box, source, &window)
      try finish(&piece, body)
    }
  }

  /// Cuts a box into boxes that follow each other in row-major order: single positions of the dimensions before one, and
  /// several of that one.
  private func forEachBox(
    _ box: Box, _ dimension: Int, cut last: Int, _ step: Int,
    _ body: (Box) throws(ConversionError) -> Void
  ) throws(ConversionError) {
    let count = dimension == last ? step : 1
    var start = 0
    while start < tensor.shape[dimension] {
      var part = box
      part.shape[dimension] = min(count, tensor.shape[dimension] - start)
      part.origin += start * tensor.strides[dimension]
      start += part.shape[dimension]
      if dimension == last {
        try body(part)
      } else {
        try forEachBox(part, dimension + 1, cut: last, step, body)
      }
    }
  }

  /// Fills a part of a piece with a box.
  private func fill(
    _ piece: inout [UInt8], _ place: Int, _ target: [Int], _ box: Box, _ source: SourceBytes,
    _ window: inout [UInt8]
  ) throws(ConversionError) {
    var (lowest, highest) = (box.origin, box.origin)
    for (count, stride) in zip(box.shape, tensor.strides) {
      let reach = (count - 1) * stride
      if reach < 0 { lowest += reach } else { highest += reach }
    }
    let room = max(1, Self.gatherSize / width)
    if highest - lowest < room {
      window.resize(to: (highest - lowest + 1) * width, atMost: Self.gatherSize)
      try source.read(storage: tensor.storage, at: UInt64(lowest * width), into: &window)
      StridedCopy(shape: box.shape, from: tensor.strides, to: target, width: width)
        .run(from: window, at: box.origin - lowest, to: &piece, at: place)
      return
    }
    if let dimension = tensor.strides.firstIndex(where: { abs($0) == 1 }),
      box.shape[dimension] * width >= Self.smallestRun, box.shape.reduce(1, *) <= room
    {
      return try fillByRuns(&piece, place, target, box, along: dimension, source, &window)
    }
    let widest = box.shape.indices.max {
      (box.shape[$0] - 1) * abs(tensor.strides[$0]) < (box.shape[$1] - 1) * abs(tensor.strides[$1])
    }
    guard let widest, box.shape[widest] > 1 else { return }
    var (left, right) = (box, box)
    left.shape[widest] = box.shape[widest] / 2
    right.shape[widest] -= left.shape[widest]
    right.origin += left.shape[widest] * tensor.strides[widest]
    try fill(&piece, place, target, left, source, &window)
    try fill(&piece, place + left.shape[widest] * target[widest], target, right, source, &window)
  }

  /// Fills a part of a piece with a box that lies far apart in the storage, by the runs of one dimension.
  private func fillByRuns(
    _ piece: inout [UInt8], _ place: Int, _ target: [Int], _ box: Box, along dimension: Int,
    _ source: SourceBytes, _ window: inout [UInt8]
  ) throws(ConversionError) {
    let length = box.shape[dimension]
    let isReversed = tensor.strides[dimension] < 0
    var others = box.shape
    others[dimension] = 1
    window.resize(to: box.shape.reduce(1, *) * width, atMost: Self.gatherSize)
    var run = [UInt8](repeating: 0, count: length * width)
    var position = [Int](repeating: 0, count: others.count)
    for number in 0..<others.reduce(1, *) {
      var offset = box.origin - (isReversed ? length - 1 : 0)
      for (index, stride) in zip(position, tensor.strides) { offset += index * stride }
      try source.read(storage: tensor.storage, at: UInt64(offset * width), into: &run)
      window.replaceSubrange(number * run.count..<(number + 1) * run.count, with: run)
      for index in others.indices.reversed() {
        position[index] += 1
        if position[index] < others[index] { break }
        position[index] = 0
      }
    }
    var strides = SourceTensor.contiguousStrides(others).map { $0 * length }
    strides[dimension] = isReversed ? -1 : 1
    StridedCopy(shape: box.shape, from: strides, to: target, width: width)
      .run(from: window, at: isReversed ? length - 1 : 0, to: &piece, at: place)
  }

  /// Brings raw elements into their final form and passes them on.
  private func finish(
    _ buffer: inout [UInt8], _ body: (ArraySlice<UInt8>) throws(ConversionError) -> Void
  ) throws(ConversionError) {
    if isBigEndian { ElementBytes.reverse(&buffer, unit: tensor.elementType.byteOrderUnit) }
    ElementBytes.apply(tensor.conversion, to: &buffer, elementType: tensor.elementType)
    if target == tensor.elementType {
      try pass(buffer, to: body)
    } else {
      try pass(ElementBytes.convert(buffer, from: tensor.elementType, to: target), to: body)
    }
  }

  /// Passes bytes on in pieces, so that each is still in the cache when it is written after it was hashed.
  private func pass(
    _ bytes: [UInt8], to body: (ArraySlice<UInt8>) throws(ConversionError) -> Void
  ) throws(ConversionError) {
    var start = 0
    while start < bytes.count {
      let end = min(start + Self.pieceSize, bytes.count)
      try body(bytes[start..<end])
      start = end
    }
  }
}

extension [UInt8] {
  /// Makes the array shorter, or longer with zeros, without giving up its memory, which is taken once for all sizes up to a
  /// largest one: the system gives new memory page by page, at several times the price of writing to it.
  fileprivate mutating func resize(to count: Int, atMost largest: Int) {
    if count > capacity {
      self = []
      reserveCapacity(Swift.max(count, largest))
    }
    if count < self.count {
      removeLast(self.count - count)
    } else {
      append(contentsOf: repeatElement(0, count: count - self.count))
    }
  }
}
