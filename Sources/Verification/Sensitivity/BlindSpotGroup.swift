/// Blind spots that are alike: the same parameters in the same kind of place, for the same reason.
public struct BlindSpotGroup: Hashable, Sendable {
  /// The path of the part of the network, with `*` for the numbers of stages, blocks and layers where there are several
  /// places; empty for the whole network.
  public let path: String
  /// How many places there are.
  public let places: Int
  /// The names of the parameters below ``path``.
  public let parameters: [String]
  /// What keeps their changes from the recorded tensors, in words, with names below ``path`` where they lie there.
  public let obstacles: [String]
  /// The largest change that any of them makes, relative to the largest magnitude of a recorded tensor.
  public let largestChange: Double

  /// The number of parameters in all places.
  public var count: Int { places * parameters.count }
}

extension Sensitivity {
  /// The blind spots, those that are alike together, in the order of the network.
  public var blindGroups: [BlindSpotGroup] {
    // First by place: what the same obstacle hides or else, without a reason, what lies in the same part.
    var places: [Place] = []
    for response in blind {
      let path = response.parameter.split(separator: ".").dropLast().map(String.init)
      let isMember = { (place: Place) in
        response.obstacles.isEmpty
          ? place.obstacles.isEmpty && place.path == path.dropLast() : place.obstacles == response.obstacles
      }
      if let index = places.firstIndex(where: isMember) {
        places[index].add(response, path)
      } else {
        let start = response.obstacles.isEmpty ? Array(path.dropLast()) : path
        places.append(Place(path: start, obstacles: response.obstacles, responses: [response]))
      }
    }
    var groups: [BlindSpotGroup] = []
    for place in places {
      let next = place.group
      if let index = groups.firstIndex(where: { $0.isLike(next) }) {
        groups[index] = groups[index].joined(with: next)
      } else {
        groups.append(next)
      }
    }
    return groups
  }

  /// Blind spots of one place.
  private struct Place {
    /// What the paths of all have in common.
    var path: [String]
    var obstacles: [Obstacle]
    var responses: [Response]

    mutating func add(_ response: Response, _ path: [String]) {
      responses.append(response)
      self.path = zip(self.path, path).prefix { $0 == $1 }.map(\.0)
    }

    var group: BlindSpotGroup {
      let prefix = path.isEmpty ? "" : path.joined(separator: ".") + "."
      func relative(_ name: String) -> String {
        name.hasPrefix(prefix) ? String(name.dropFirst(prefix.count)) : name
      }
      return BlindSpotGroup(
        path: path.joined(separator: "."), places: 1, parameters: responses.map { relative($0.parameter) },
        obstacles: obstacles.map { $0.text(calling: relative($0.name)) },
        largestChange: responses.map(\.change).max() ?? 0)
    }
  }
}

extension BlindSpotGroup {
  /// Whether only the numbers in the paths differ.
  fileprivate func isLike(_ other: Self) -> Bool {
    Self.pattern(path) == Self.pattern(other.path) && parameters == other.parameters
      && obstacles.map(Self.pattern) == other.obstacles.map(Self.pattern)
  }

  fileprivate func joined(with other: Self) -> Self {
    Self(
      path: Self.pattern(path), places: places + other.places, parameters: parameters,
      obstacles: obstacles == other.obstacles ? obstacles : obstacles.map(Self.pattern),
      largestChange: max(largestChange, other.largestChange))
  }

  /// Names with `*` for every number.
  private static func pattern(_ text: String) -> String {
    text.split(separator: ".", omittingEmptySubsequences: false)
      .map { Int($0) == nil ? String($0) : "*" }.joined(separator: ".")
  }
}
