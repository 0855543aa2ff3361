import JSON

/// What each byte before the data of a checkpoint belongs to.
///
/// Found by the texts with which entries begin rather than by parsing, so that it also works where the text is damaged: an
/// entry whose beginning is damaged is then taken for a part of the one before it.
struct HeaderParts {
  private let head: [UInt8]
  /// Where parts begin, ascending; each lasts until the next.
  private var starts: [(offset: Int, part: Damage.Part)] = []

  init(_ head: [UInt8]) {
    self.head = head
    // Names stand behind the length field, whatever its bytes look like.
    let textBegin = min(8, head.count)
    let textEnd = max(textBegin, (head.lastIndex { $0 != 0x20 } ?? -1) + 1)
    starts = [(0, .headerLength), (8, .header)]
    var position = textBegin
    let entries = Self.places(of: Array(#"":{"dtype":""#.utf8), in: head[textBegin..<textEnd])
    let metadata = head[textBegin..<(entries.first ?? textEnd)]
    for place in Self.places(of: Array(#""attnconv."#.utf8), in: metadata) {
      // A quote inside of a text has a backslash before it.
      guard place > position, head[place - 1] != UInt8(ascii: "\\"),
        let end = head[(place + 1)...].firstIndex(of: UInt8(ascii: "\"")), end < textEnd
      else { continue }
      starts.append((place, .metadata(key: String(decoding: head[place + 1..<end], as: UTF8.self))))
      position = end
    }
    addDigests()
    for place in entries {
      guard let quote = head[position..<place].lastIndex(of: UInt8(ascii: "\"")) else { continue }
      let text = head[quote...place]
      let name = (try? JSONParser.parse(Array(text)))?.stringValue ?? String(decoding: text, as: UTF8.self)
      starts.append((quote, .entry(tensor: name, field: "name")))
      position = place + 1
    }
    starts.append((textEnd, .padding))
  }

  /// Divides the digests by tensors. They are JSON in a text of JSON, so their quotes have a backslash.
  private mutating func addDigests() {
    let key = Damage.Part.metadata(key: CheckpointMetadata.Key.digests.rawValue)
    guard let index = starts.firstIndex(where: { $0.part == key }) else { return }
    let end = index + 1 < starts.count ? starts[index + 1].offset : head.count
    let quotes = Self.places(of: Array(#"\""#.utf8), in: head[starts[index].offset..<end])
    var digests: [(offset: Int, part: Damage.Part)] = []
    // The quotes that end a name and begin its digest have a colon between them.
    for (number, place) in quotes.enumerated().dropFirst().dropLast()
    where quotes[number + 1] == place + 3 && head[place + 2] == UInt8(ascii: ":") {
      let begin = quotes[number - 1]
      digests.append((begin, .digest(tensor: String(decoding: head[begin + 2..<place], as: UTF8.self))))
    }
    starts.insert(contentsOf: digests, at: index + 1)
  }

  /// The part that a byte belongs to.
  func part(at offset: Int) -> Damage.Part {
    var (low, high) = (0, starts.count)
    while high - low > 1 {
      let middle = (low + high) / 2
      if starts[middle].offset <= offset { low = middle } else { high = middle }
    }
    let (start, part) = starts[low]
    guard case .entry(let tensor, _) = part else { return part }
    // The last field that begins before the byte.
    let beginning = head[start...min(offset, head.count - 1)]
    let end = low + 1 < starts.count ? starts[low + 1].offset : head.count
    let field = ["dtype", "shape", "data_offsets"].last { field in
      guard let place = Self.places(of: Array("\"\(field)\":".utf8), in: head[start..<end]).first else {
        return false
      }
      return place < beginning.endIndex
    }
    return .entry(tensor: tensor, field: field ?? "name")
  }

  /// The metadata and tensors that bytes belong to, each once, in the order of the file.
  func names(in range: Range<Int>) -> [String] {
    var names: [String] = []
    for (index, start) in starts.enumerated() {
      let end = index + 1 < starts.count ? starts[index + 1].offset : head.count
      guard start.offset < range.upperBound, range.lowerBound < end else { continue }
      switch start.part {
      case .entry(let tensor, _): names.append("tensor \"\(tensor)\"")
      default: names.append(start.part.name)
      }
    }
    return names
  }

  /// The places of a text, ascending.
  private static func places(of pattern: [UInt8], in bytes: ArraySlice<UInt8>) -> [Int] {
    var places: [Int] = []
    guard let first = pattern.first, bytes.count >= pattern.count else { return [] }
    for index in bytes.startIndex...bytes.endIndex - pattern.count
    where bytes[index] == first && bytes[index..<index + pattern.count].elementsEqual(pattern) {
      places.append(index)
    }
    return places
  }
}
