import Architectures
import JSON
import SourceFormats

/// Layers and functions that combine or rearrange values: Keras' own, TensorFlow's in Keras 2 (`TFOpLambda`), and those
/// of `keras.ops` in Keras 3.
extension KerasReduction {
  // MARK: Rearrangement

  /// The same values in another arrangement, where that does not change which value belongs to which channel.
  mutating func rearranged(_ place: Place, _ value: Value) -> Value {
    let config = place.layer.config
    switch place.layer.className {
    case "Flatten": return reshaped([value.isVector ? value.channels : elements(value)], place, value)
    case "Permute":
      let axes = (config["dims"]?.arrayValue ?? []).compactMap(\.integerValue)
      return permuted(axes.map { $0 &- 1 }, place, value)
    default: return reshaped(target(config["target_shape"], value), place, value)
    }
  }

  private func elements(_ value: Value) -> Int? {
    var product = 1
    for size in value.shape {
      guard let size else { return nil }
      let (next, overflow) = product.multipliedReportingOverflow(by: size)
      if overflow { return nil }
      product = next
    }
    return product
  }

  /// The sizes that a list of them stands for; -1 is what is left over.
  private func target(_ json: JSONValue?, _ value: Value) -> [Int?]? {
    let sizes = json?.arrayValue ?? json?["config"]?["value"]?.arrayValue ?? []
    let numbers = sizes.compactMap(\.integerValue)
    guard !numbers.isEmpty, numbers.count == sizes.count, numbers.count <= 4,
      numbers.filter({ $0 == -1 }).count <= 1, numbers.allSatisfy({ $0 >= -1 })
    else { return nil }
    let known = numbers.filter { $0 != -1 }
    let count = value.isVector ? value.channels : elements(value)
    return numbers.map { number in
      if number != -1 { return number }
      return known.allSatisfy { $0 == 1 } ? count : 1
    }
  }

  mutating func reshaped(_ shape: [Int?]?, _ place: Place, _ value: Value) -> Value {
    guard let shape else { return other("an unusual change of shape", place, [value]) }
    var changed = value
    if !value.isVector {
      if shape == value.shape { return value }
      // A map of one position is one value a channel; without known sides, the next layer's weights tell.
      guard value.shape.count == 3, value.extent == Extent(1) || (value.extent == nil && shape.count == 1),
        let channels = value.shape[2]
      else { return other("a change of shape of a whole map", place, [value]) }
      changed.isVector = true
      changed.shape = [1, 1, channels]
      if shape == [nil] {
        changed.shape = [channels]
        return changed
      }
    }
    let others = shape.filter { $0 != 1 }
    guard others.count <= 1, others.first ?? 1 == changed.channels else {
      return other("a change of shape of pooled values", place, [value])
    }
    changed.shape = shape
    return changed
  }

  mutating func permuted(_ axes: [Int], _ place: Place, _ value: Value) -> Value {
    guard axes.sorted() == Array(value.shape.indices) else {
      return other("an unusual exchange of axes", place, [value])
    }
    if axes == Array(value.shape.indices) { return value }
    guard value.isVector else { return other("an exchange of the axes of a map", place, [value]) }
    var changed = value
    changed.shape = axes.map { value.shape[$0] }
    return changed
  }

  // MARK: Merging

  /// Layers of Keras that take several values.
  mutating func merged(_ place: Place, _ values: [Value]) -> Value {
    switch place.layer.className {
    case "Add": return combined(.add, place, values, alignsBehind: false)
    case "Multiply": return combined(.multiply, place, values, alignsBehind: false)
    case "Concatenate": return concatenated(place.layer.config["axis"], place, values)
    // Keras 1 had one layer for all.
    case "Merge":
      switch place.layer.config["mode"]?.stringValue {
      case "sum": return combined(.add, place, values, alignsBehind: false)
      case "mul": return combined(.multiply, place, values, alignsBehind: false)
      default: return other("a Merge", place, values)
      }
    default:
      return other("\(Self.article(place.layer.className)), a layer that is not known", place, values)
    }
  }

  /// The sum or the product of two values, where a gate meets a map along the channels.
  ///
  /// Keras' layers put the sides of 1 that a shorter shape lacks behind the batch, functions put them in front of it.
  private mutating func combined(
    _ operation: Operation, _ place: Place, _ values: [Value], alignsBehind: Bool
  ) -> Value {
    guard values.count == 2 else {
      return other("\(operation.kind) of \(values.count) values", place, values)
    }
    let (map, gate) = values[0].isVector ? (values[1], values[0]) : (values[0], values[1])
    if gate.isVector, !map.isVector {
      guard map.shape.count == 3, gate.shape.dropLast().allSatisfy({ $0 == 1 }),
        gate.shape.count == 3 || (!alignsBehind && gate.shape.count == 1)
      else { return other("\(operation.kind) along another axis than the channels", place, values) }
    } else if gate.isVector, map.shape.count != gate.shape.count || map.shape.last != gate.shape.last {
      return other("\(operation.kind) of pooled values in different arrangements", place, values)
    }
    var shape = map.shape
    if !gate.isVector, gate.shape.count == map.shape.count {
      shape = zip(map.shape, gate.shape).map { left, right in left == 1 ? right : left }
    }
    return add(.operation(operation), place, values, shape: shape, isVector: map.isVector)
  }

  private mutating func concatenated(_ axis: JSONValue?, _ place: Place, _ values: [Value]) -> Value {
    guard values.allSatisfy({ !$0.isVector && $0.shape.count == 3 }), [-1, 3].contains(axis ?? -1) else {
      return other("a concatenation along another axis than the channels", place, values)
    }
    var channels: Int? = 0
    for value in values {
      // A Lambda between a map and a concatenation does not say how many channels it gives.
      guard let known = channels, let more = value.shape[2] else { channels = nil; continue }
      let (sum, overflow) = known.addingReportingOverflow(more)
      channels = overflow ? nil : sum
    }
    return add(.concatenation, place, values, shape: values[0].shape.dropLast() + [channels])
  }

  // MARK: Functions

  /// What a function gives. Of Keras 2 the name has its module, `math.reduce_mean`; of Keras 3 it is a class, `Mean`.
  mutating func function(_ name: String, _ place: Place, _ values: [Value], _ arguments: [Argument]) -> Value
  {
    let value = values[0]
    func constant(_ names: [String], at position: Int) -> JSONValue? {
      for name in names {
        for case (.constant(let json), name) in arguments.map({ ($0.value, $0.keyword ?? "") }) {
          return json
        }
        if let json = place.layer.config[name] { return json }
      }
      let positional = arguments.filter { $0.keyword == nil }
      if position < positional.count, case .constant(let json) = positional[position].value { return json }
      return nil
    }
    func simple(_ operation: Operation) -> Value {
      add(.operation(operation), place, [value], shape: value.shape, isVector: value.isVector)
    }
    if value.margins != nil {
      return other("the function \(name) of a map with zeros around it", place, values)
    }
    switch name {
    case "nn.relu", "Relu": return simple(.relu)
    case "nn.relu6", "Relu6": return simple(.relu6)
    case "math.sigmoid", "nn.sigmoid", "sigmoid", "Sigmoid": return simple(.sigmoid)
    case "nn.softmax", "Softmax":
      return add(.softmax, place, [value], shape: value.shape, isVector: value.isVector)
    case "identity", "stop_gradient", "cast", "Cast", "Identity", "StopGradient": return value
    case "math.reduce_mean", "Mean", "math.reduce_max", "Max":
      let isMean = name == "math.reduce_mean" || name == "Mean"
      return reduced(
        isMean, constant(["axis"], at: 1), constant(["keepdims"], at: 2)?.boolValue ?? false, place, value)
    case "__operators__.add", "math.add", "Add", "math.multiply", "__operators__.mul", "Multiply":
      let isSum = name.lowercased().hasSuffix("add")
      if values.count == 2 { return combined(isSum ? .add : .multiply, place, values, alignsBehind: true) }
      let numbers = arguments.compactMap { argument -> Double? in
        if case .constant(let json) = argument.value, argument.keyword != "name" {
          json.doubleValue
        } else {
          nil
        }
      }
      guard isSum, numbers.count == 1 else {
        return other("the function \(name) with a constant", place, values)
      }
      return add(
        .operation(.addScalar(numbers[0])), place, [value], shape: value.shape, isVector: value.isVector)
    case "concat", "Concatenate":
      return concatenated(constant(["axis"], at: values.count), place, values)
    case "reshape", "Reshape":
      let shape = constant(["shape", "newshape"], at: 1)?.arrayValue
      return reshaped(shape.flatMap { target(.array(Array($0.dropFirst())), value) }, place, value)
    case "expand_dims", "ExpandDims":
      guard let axis = constant(["axis"], at: 1)?.integerValue else { break }
      // Axis 0 is the batch.
      let at = axis < 0 ? value.shape.count + 1 + axis : axis - 1
      guard value.isVector, (0...value.shape.count).contains(at) else { break }
      var shape = value.shape
      shape.insert(1, at: at)
      return reshaped(shape, place, value)
    case "squeeze", "Squeeze":
      guard let axis = constant(["axis"], at: 1) else { break }
      let axes = (axis.arrayValue ?? [axis]).compactMap(\.integerValue).map {
        $0 < 0 ? value.shape.count + $0 : $0 - 1
      }
      guard value.isVector, axes.allSatisfy({ value.shape.indices.contains($0) && value.shape[$0] == 1 })
      else { break }
      return reshaped(value.shape.indices.filter { !axes.contains($0) }.map { value.shape[$0] }, place, value)
    case "transpose", "compat.v1.transpose", "Transpose":
      let axes = (constant(["perm", "axes"], at: 1)?.arrayValue ?? []).compactMap(\.integerValue)
      guard axes.first == 0 else { break }
      return permuted(axes.dropFirst().map { $0 &- 1 }, place, value)
    default: break
    }
    return other("the function \(name)", place, values)
  }

  /// A mean or a maximum over the channels, or over the positions.
  private mutating func reduced(
    _ isMean: Bool, _ axis: JSONValue?, _ keepsSides: Bool, _ place: Place, _ value: Value
  ) -> Value {
    let axes = (axis?.arrayValue ?? axis.map { [$0] } ?? []).compactMap(\.integerValue)
    let places = Set(axes.map { $0 < 0 ? 4 + $0 : $0 })
    guard !value.isVector, value.shape.count == 3, places == [3] && keepsSides || places == [1, 2] else {
      return other("a mean or a maximum over unusual axes", place, [value])
    }
    if places == [3] {
      return add(
        isMean ? .channelMean : .channelMaximum, place, [value], shape: value.shape.dropLast() + [1])
    }
    return global(isMean ? .globalAveragePool : .globalMaxPool, place, value, keepsSides: keepsSides)
  }
}
