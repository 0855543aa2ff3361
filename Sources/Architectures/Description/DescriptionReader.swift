import JSON

/// Reads the members of one JSON object strictly: every error names the member, what was found and what was
/// expected, and members that nobody knows are refused.
struct DescriptionReader {
  private let members: [String: JSONValue]
  private let path: String

  /// Opens an object; `known` are all the members it may have, `defaults` the values of those that it may leave out,
  /// `path` is empty for the outermost object.
  init(
    _ value: JSONValue, path: String = "", known: [String], defaults: [JSONValue.Member] = []
  ) throws(ArchitectureError) {
    guard let object = value.objectValue else {
      throw ArchitectureError(
        .malformedDescription,
        (path.isEmpty ? "architecture" : "member \"\(path)\"") + ": found \(value.kind), expected object")
    }
    var members: [String: JSONValue] = [:]
    for member in object {
      let label = path.isEmpty ? member.name : path + "." + member.name
      guard known.contains(member.name) else {
        throw ArchitectureError(
          .malformedDescription,
          "found unknown member \"\(label)\", expected only \(known.sorted().joined(separator: ", "))")
      }
      guard members.updateValue(member.value, forKey: member.name) == nil else {
        throw ArchitectureError(.malformedDescription, "found member \"\(label)\" twice")
      }
    }
    for member in defaults where members[member.name] == nil { members[member.name] = member.value }
    self.members = members
    self.path = path
  }

  /// Whether the member is there; `null` counts as there.
  func contains(_ name: String) -> Bool { members[name] != nil }

  /// The member's full path, for messages.
  func label(_ name: String) -> String { path.isEmpty ? name : path + "." + name }

  /// A member that must be there.
  func value(_ name: String) throws(ArchitectureError) -> JSONValue {
    guard let value = members[name] else {
      throw ArchitectureError(.malformedDescription, "found no member \"\(label(name))\"")
    }
    return value
  }

  /// An object inside the object.
  func object(_ name: String, known: [String]) throws(ArchitectureError) -> DescriptionReader {
    try DescriptionReader(value(name), path: label(name), known: known)
  }

  /// An integer within a range.
  func integer(_ name: String, in range: ClosedRange<Int>) throws(ArchitectureError) -> Int {
    let value = try value(name)
    guard let number = value.integerValue else { throw unexpected(name, value, "an integer") }
    guard range.contains(number) else {
      throw outOfRange(name, "\(number)", "\(range.lowerBound) to \(range.upperBound)")
    }
    return number
  }

  /// A list of integers, each within a range, as many as a range allows.
  func integers(
    _ name: String, count: ClosedRange<Int>, in range: ClosedRange<Int>
  ) throws(ArchitectureError) -> [Int] {
    let value = try value(name)
    guard let elements = value.arrayValue else { throw unexpected(name, value, "an array of integers") }
    guard count.contains(elements.count) else {
      throw outOfRange(
        name, "\(elements.count) elements",
        count.lowerBound == count.upperBound
          ? "\(count.lowerBound)" : "\(count.lowerBound) to \(count.upperBound)")
    }
    var numbers: [Int] = []
    for (index, element) in elements.enumerated() {
      guard let number = element.integerValue else {
        throw unexpected("\(name)[\(index)]", element, "an integer")
      }
      guard range.contains(number) else {
        throw outOfRange("\(name)[\(index)]", "\(number)", "\(range.lowerBound) to \(range.upperBound)")
      }
      numbers.append(number)
    }
    return numbers
  }

  /// A truth value.
  func boolean(_ name: String) throws(ArchitectureError) -> Bool {
    let value = try value(name)
    guard let flag = value.boolValue else { throw unexpected(name, value, "a boolean") }
    return flag
  }

  /// One of the raw values of an enumeration.
  func choice<Choice: RawRepresentable & CaseIterable>(
    _ name: String, of type: Choice.Type
  ) throws(ArchitectureError) -> Choice where Choice.RawValue == String {
    let value = try value(name)
    let expected = Choice.allCases.map { "\"\($0.rawValue)\"" }.joined(separator: " or ")
    guard let text = value.stringValue else { throw unexpected(name, value, expected) }
    guard let choice = Choice(rawValue: text) else { throw outOfRange(name, "\"\(text)\"", expected) }
    return choice
  }

  /// The number a norm adds to the variance: above 0, at most 1.
  func epsilon(_ name: String) throws(ArchitectureError) -> Double {
    let value = try value(name)
    guard let number = value.doubleValue else { throw unexpected(name, value, "a number") }
    guard number > 0, number <= 1 else { throw outOfRange(name, "\(number)", "above 0, at most 1") }
    return number
  }

  private func unexpected(_ name: String, _ value: JSONValue, _ expected: String) -> ArchitectureError {
    ArchitectureError(
      .malformedDescription, "member \"\(label(name))\": found \(value.kind), expected \(expected)")
  }

  private func outOfRange(_ name: String, _ found: String, _ expected: String) -> ArchitectureError {
    ArchitectureError(
      .malformedDescription, "member \"\(label(name))\": found \(found), expected \(expected)")
  }
}
