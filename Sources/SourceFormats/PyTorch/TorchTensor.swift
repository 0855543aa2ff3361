import Checkpoint

/// A tensor of a pickle: a view of a storage that has been checked to lie inside of it.
struct TorchTensor: Hashable, Sendable {
  var elementType: ElementType
  /// The type as PyTorch names it.
  var scalarType: TorchScalarType
  var shape: [Int]
  /// In elements.
  var strides: [Int]
  /// The place in ``PickleGraph/storages``.
  var storage: Int
  /// In elements from the start of the storage.
  var storageOffset: Int
  var conversion: SourceTensor.ElementConversion

  /// What becomes of a view that breaks no rule.
  enum Outcome: Sendable {
    case tensor(TorchTensor)
    /// The view is fine but has no type that can be kept; the reason names it.
    case unreadable(String)
  }

  /// Checks a view of a storage with the rules of PyTorch (`checkInBoundsForStorage`, `set_`).
  ///
  /// All arithmetic on the numbers of the file is checked, also the arithmetic that users of the shape will
  /// do later: the product of the dimensions fits, even of those beside a zero.
  static func check(
    _ view: TorchStorageView, _ scalarType: TorchScalarType, shape: [Int], strides: [Int], offset: Int,
    conversion: SourceTensor.ElementConversion
  ) throws(PickleFailure) -> Outcome {
    guard shape.count == strides.count else {
      throw PickleFailure(
        .malformed, "expected as many strides as dimensions, found \(strides.count) and \(shape.count)")
    }
    guard shape.count <= PickleLimits.rank else {
      throw PickleFailure(.limitExceeded, "a tensor of \(shape.count) dimensions")
    }
    guard shape.allSatisfy({ $0 >= 0 }), strides.allSatisfy({ $0 >= 0 }), offset >= 0 else {
      throw PickleFailure(
        .malformed, "found a negative number in size \(shape), stride \(strides) or offset \(offset)")
    }
    let size = scalarType.byteCount
    let available = view.byteCount / size
    guard let bound = product(shape.map { max(1, $0) }), bound <= Int.max / 16 else {
      throw PickleFailure(.limitExceeded, "the number of elements of size \(shape) overflows")
    }
    let isEmpty = shape.contains(0)
    if !isEmpty {
      guard let last = lastElement(shape: shape, strides: strides, offset: offset), last < available else {
        throw PickleFailure(
          .malformed,
          "size \(shape), stride \(strides) and offset \(offset) reach outside of the storage of \(available) "
            + "elements")
      }
      if bound > available, bound > PickleLimits.expandedElementCount {
        throw PickleFailure(
          .limitExceeded,
          "size \(shape) with stride \(strides) has \(bound) elements over a storage of \(available); at most "
            + "\(PickleLimits.expandedElementCount) repeated elements are read")
      }
    }
    guard let elementType = scalarType.elementType else {
      return .unreadable("a tensor of type torch.\(scalarType.rawValue), which safetensors cannot hold")
    }
    guard view.byteOffset % size == 0 else {
      return .unreadable("a view that begins inside of an element")
    }
    // An empty view has no first element; PyTorch accepts any offset, zero is as good and always in bounds.
    let start = isEmpty ? 0 : view.byteOffset / size + offset
    return .tensor(
      TorchTensor(
        elementType: elementType, scalarType: scalarType, shape: shape, strides: strides,
        storage: view.storage, storageOffset: start, conversion: conversion))
  }

  private static func product(_ numbers: [Int]) -> Int? {
    var result = 1
    for number in numbers {
      let (next, overflow) = result.multipliedReportingOverflow(by: number)
      guard !overflow else { return nil }
      result = next
    }
    return result
  }

  /// The index in the storage of the last element that a view touches.
  private static func lastElement(shape: [Int], strides: [Int], offset: Int) -> Int? {
    var last = offset
    for (dimension, stride) in zip(shape, strides) {
      let (span, overflow) = (dimension - 1).multipliedReportingOverflow(by: stride)
      guard !overflow else { return nil }
      let (next, carry) = last.addingReportingOverflow(span)
      guard !carry else { return nil }
      last = next
    }
    return last
  }
}
