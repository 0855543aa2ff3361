public import Checkpoint
public import SourceFormats

/// One tensor to write: the view it is read from, and what it becomes.
public struct TensorOutput: Sendable {
  /// The name in the output.
  public var name: String
  /// The type in the output.
  public var elementType: ElementType
  /// The view of a source that gives the elements; its shape is the shape in the output.
  public var view: SourceTensor

  /// The number of bytes in the output.
  var byteCount: UInt64 { UInt64(elementType.byteCount(shape: view.shape) ?? 0) }
}
