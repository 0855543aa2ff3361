/// The largest sizes a description may ask for.
///
/// A description comes from a file, so every number in it is bounded before a graph is built. The limits lie
/// far above every published network and keep all products of sizes inside `Int`.
public enum Limits {
  /// Stages of a network; published ResNets have 3 or 4, MobileNetV2 has 7.
  public static let stages = 8
  /// Blocks of one stage; the deepest published ones (ResNet-152, CIFAR ResNet-1202) have 36 and 200.
  public static let blocksPerStage = 2048
  /// Blocks of all stages: with CBAM, which has 28 tensors in a block, as many as the tensors that are listed of one file
  /// (2^18). A description of a few bytes may ask for them, which costs a second and 200 MB.
  public static let blocks = 8192
  /// Channels of one layer.
  public static let channels = 1 << 20
  /// Output channels of a bottleneck relative to its inner width; published ones use 1, 2 or 4.
  public static let expansion = 64
  /// Classes of the head; ImageNet-21k has 21,841.
  public static let classes = 1 << 24
  /// Side of a kernel; the largest published attention kernel is 49.
  public static let kernel = 255
  /// Stride, padding or dilation of a layer.
  public static let step = 255
  /// Layers inside one branch of a BAM; the official module has at most 2, a re-implementation 3.
  public static let branchLayers = 16
  /// Batch, height or width of an input.
  public static let inputSide = 1 << 24
  /// Elements of all parameters together: 2^40 elements, 4 TiB as float32.
  public static let parameterElements = 1 << 40
}
