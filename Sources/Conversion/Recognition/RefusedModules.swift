/// Attention modules that look like the ones known here and compute something else.
///
/// Their names are told apart so that nobody imports them as what they are not.
enum RefusedModules {
  private struct Entry {
    /// Segments of which each must occur in some name.
    var segments: [String]
    var message: String
  }

  private static let entries: [Entry] = [
    Entry(
      segments: ["linear_max", "linear_avg"],
      message: "a CBAM with separate perceptrons for the maximum and the mean (linear_max, linear_avg); "
        + "the shared perceptron of CBAM cannot represent it"),
    Entry(
      segments: ["channel_attention", "spatial_attention", "cv1"],
      message: "the \"CBAM\" of ultralytics, whose channel gate is one C-to-C convolution of the mean; "
        + "CBAM's perceptron cannot represent it"),
    Entry(
      segments: ["fc1_avg", "fc1_max"],
      message: "a CBAM with separate perceptrons for the maximum and the mean; the shared perceptron of CBAM "
        + "cannot represent it"),
  ]

  /// What a set of names holds that cannot be represented, or `nil` for nothing of the kind.
  static func explanation(for names: [String]) -> String? {
    let segments = Set(names.flatMap { $0.split(separator: ".").map(String.init) })
    return entries.first { $0.segments.allSatisfy(segments.contains) }?.message
  }
}
