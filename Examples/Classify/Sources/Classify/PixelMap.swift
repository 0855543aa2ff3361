import Foundation

/// An image: red, green and blue from 0 to 1, each a plane of rows.
struct PixelMap {
  var width: Int
  var height: Int
  /// 3 x height x width.
  var values: [Float]

  /// Far above every photograph; a damaged header could ask for any amount of memory.
  private static let maximumSide = 1 << 15

  /// Reads a binary PPM file (P6, 8 bits a channel; https://netpbm.sourceforge.net/doc/ppm.html).
  init(ppm path: String) throws {
    let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
    let hint = "any image becomes one with: convert image.jpg -depth 8 image.ppm"
    guard bytes.starts(with: [UInt8(ascii: "P"), UInt8(ascii: "6")]) else {
      throw ImageError("\(path): found no binary PPM image (P6)", hint: hint)
    }
    var position = 2
    let numbers = try ["width", "height", "largest value"].map { what in
      guard let number = Self.number(bytes, &position) else {
        throw ImageError("\(path): found no \(what) in the header", hint: hint)
      }
      return number
    }
    (width, height) = (numbers[0], numbers[1])
    guard (1...Self.maximumSide).contains(width), (1...Self.maximumSide).contains(height) else {
      throw ImageError(
        "\(path): found \(width) x \(height) pixels, expected sides of 1 to \(Self.maximumSide)")
    }
    guard numbers[2] == 255 else {
      throw ImageError("\(path): found values up to \(numbers[2]), expected 255", hint: hint)
    }
    position += 1  // the one white space behind the header
    let count = 3 * width * height
    guard bytes.count - position == count else {
      throw ImageError(
        "\(path): found \(max(0, bytes.count - position)) bytes of pixels, expected \(count) "
          + "for \(width) x \(height)")
    }
    values = [Float](repeating: 0, count: count)
    for pixel in 0..<width * height {
      for channel in 0..<3 {
        values[channel * width * height + pixel] = Float(bytes[position + 3 * pixel + channel]) / 255
      }
    }
  }

  /// The next number of a header; white space and comments come before it. `nil` where there is none.
  private static func number(_ bytes: [UInt8], _ position: inout Int) -> Int? {
    while position < bytes.count {
      if bytes[position] == UInt8(ascii: "#") {
        while position < bytes.count, bytes[position] != UInt8(ascii: "\n") { position += 1 }
      } else if ![0x20, 0x09, 0x0A, 0x0B, 0x0C, 0x0D].contains(bytes[position]) {
        break
      }
      position += 1
    }
    let digits = bytes[min(position, bytes.count)...].prefix { (0x30...0x39).contains($0) }
    position += digits.count
    return Int(String(decoding: digits, as: UTF8.self))
  }
}

/// Why a file cannot be classified.
struct ImageError: Error {
  let message: String
  let hint: String?

  init(_ message: String, hint: String? = nil) {
    self.message = message
    self.hint = hint
  }
}
