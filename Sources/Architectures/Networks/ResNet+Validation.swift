extension ResNet {
  /// Refuses descriptions that contradict themselves or exceed the limits.
  func validate() throws(ArchitectureError) {
    try check(blocksPerStage, in: 1...Limits.blocksPerStage, "blocksPerStage")
    try check(widths, in: 1...Limits.channels, "widths")
    guard (1...Limits.stages).contains(blocksPerStage.count), widths.count == blocksPerStage.count else {
      throw ArchitectureError(
        .invalidArchitecture,
        "found \(blocksPerStage.count) stages and \(widths.count) widths, expected equally many, 1 to \(Limits.stages)"
      )
    }
    try check([blocksPerStage.reduce(0, +)], in: 1...Limits.blocks, "sum of blocksPerStage")
    try check([expansion], in: 1...Limits.expansion, "expansion")
    try check(outputWidths, in: 1...Limits.channels, "widths times expansion")
    try check([classes], in: 1...Limits.classes, "classes")
    try check([inputChannels], in: 1...Limits.channels, "inputChannels")
    guard block == .bottleneck || stridePosition == .conv1 else {
      throw ArchitectureError(
        .invalidArchitecture, "stridePosition: found conv2 in basic blocks, expected conv1")
    }
    switch stem.convolutions {
    case .single(let width, let kernel, let stride):
      try check([width], in: 1...Limits.channels, "stem.width")
      try check([kernel], in: 1...Limits.kernel, "stem.kernel")
      try check([stride], in: 1...Limits.step, "stem.stride")
    case .deep(let widths):
      try check(widths, in: 1...Limits.channels, "stem.widths")
      guard widths.count == 3 else {
        throw ArchitectureError(.invalidArchitecture, "stem.widths: found \(widths.count) widths, expected 3")
      }
    }
    guard !preActivation || (!activatesBeforeAttention && shortcut == .convolution) else {
      throw ArchitectureError(
        .invalidArchitecture,
        "preActivation: found activatesBeforeAttention or a pooled shortcut beside it, expected neither")
    }
    if let pool = stem.maxPool {
      // PyTorch refuses padding beyond half the window, which is 3x3 here.
      try check([pool.padding], in: 0...1, "stem.maxPool.padding")
    }
    if case .fixed(let kernel, let stride) = headPool {
      try check([kernel], in: 1...Limits.kernel, "headPool.kernel")
      try check([stride], in: 1...Limits.step, "headPool.stride")
    }
    try attention?.validate(places: blocksPerStage.count)
  }
}

extension Attention {
  /// Refuses variants that contradict themselves; `places` is the number of stages, or 1 for a single module.
  func validate(places: Int, isSingle: Bool = false) throws(ArchitectureError) {
    let expected = followsStages && !isSingle ? places - 1 : places
    if let placeCount, placeCount != expected {
      throw ArchitectureError(
        .invalidArchitecture, "attention: found sizes for \(placeCount) places, expected \(expected)")
    }
    switch self {
    case .squeezeExcitation(let variant):
      try check(variant.hidden, in: 1...Limits.channels, "attention.hidden")
    case .cbam(let variant):
      try check(variant.hidden, in: 1...Limits.channels, "attention.hidden")
      if let gate = variant.spatial {
        try check([gate.kernel], in: 1...Limits.kernel, "attention.spatial.kernel")
        try checkOdd([gate.kernel], "attention.spatial.kernel")
      }
    case .bam(let variant):
      try check(variant.hidden, in: 1...Limits.channels, "attention.hidden")
      try check([variant.channelLayers], in: 1...Limits.branchLayers, "attention.channelLayers")
      try check([variant.dilatedLayers], in: 0...Limits.branchLayers, "attention.dilatedLayers")
      try check([variant.dilation], in: 1...Limits.step, "attention.dilation")
      try check([variant.padding], in: 0...Limits.step, "attention.padding")
    case .eca(let variant):
      try check(variant.kernels, in: 1...Limits.kernel, "attention.kernels")
      try checkOdd(variant.kernels, "attention.kernels")
    case .nam: break
    }
  }
}

/// Refuses numbers outside a range, naming the member.
func check(_ numbers: [Int], in range: ClosedRange<Int>, _ member: String) throws(ArchitectureError) {
  for number in numbers where !range.contains(number) {
    throw ArchitectureError(
      .invalidArchitecture, "\(member): found \(number), expected \(range.lowerBound) to \(range.upperBound)")
  }
}

/// Refuses even kernels: padded by half their size they change the size of what they gate.
private func checkOdd(_ kernels: [Int], _ member: String) throws(ArchitectureError) {
  for kernel in kernels where kernel.isMultiple(of: 2) {
    throw ArchitectureError(.invalidArchitecture, "\(member): found \(kernel), expected an odd number")
  }
}
