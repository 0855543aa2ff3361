import Bytes
import SystemPackage

/// Names what a file is when it is no checkpoint, and says what to do.
///
/// People meet these files often: a virus-scan page or a login page saved under the name of a checkpoint, a
/// git-lfs pointer, an archive that still has to be unpacked.
enum ForeignFile {
  /// How many bytes from the start of a file are looked at: the tar signature ends at 263.
  static let prefixLength = 1024

  /// The error for a file that no reader takes.
  static func error(file: InputFile, prefix: [UInt8]) -> SourceError {
    func refusal(_ message: String, hint: String) -> SourceError {
      SourceError(.notACheckpoint, message, file: file.path.string, hint: hint)
    }
    if prefix.isEmpty {
      return refusal("the file is empty", hint: "the download or the copy failed; fetch the file again")
    }
    if isText(prefix, "<!doctype html") || isText(prefix, "<html") || isText(prefix, "<?xml") {
      return refusal(
        "found an HTML page, expected a checkpoint",
        hint: "the server answered with a page (a login, a quota or a virus-scan notice); open the link in a "
          + "browser, download the file itself and try again")
    }
    if isText(prefix, "version https://git-lfs.github.com/spec/") {
      return refusal(
        "found a git-lfs pointer, the file itself was not fetched",
        hint: "run 'git lfs pull' in the repository")
    }
    if PyTorchTarFormat.matches(file) { return PyTorchTarFormat.refusal }
    for format in formats where prefix.dropFirst(format.offset).starts(with: format.signature) {
      return refusal("found \(format.name), expected a checkpoint", hint: format.hint)
    }
    if prefix.first == 0x80, prefix.count > 1, prefix[1] <= 5 {
      return refusal(
        "found a Python pickle without the header of a PyTorch file",
        hint:
          "in Python, if you trust the file, which can run anything there, load it and write its state dict: "
          + "torch.save(state_dict, \"weights.pth\")")
    }
    if prefix.allSatisfy({ $0 == 0 }) {
      return refusal(
        "the file begins with \(prefix.count) zero bytes",
        hint: "the download or the copy failed; fetch the file again")
    }
    // ONNX is a protobuf message without a signature: field 1, the version as a small number, then field 2,
    // the producer (onnx/onnx.proto, ModelProto).
    if prefix.count > 2, prefix[0] == 0x08, 1...15 ~= prefix[1], prefix[2] == 0x12 {
      return refusal(
        "found an ONNX model, expected a checkpoint",
        hint: "name the PyTorch or safetensors file it was exported from")
    }
    // HDF5 File Format Specification, II.A: a user block has 512 bytes, or twice, four times, ... as many.
    for size in [512, 1024, 2048, 4096, 8192] as [UInt64]
    where (try? file.read(at: size, count: KerasReader.signature.count)) == KerasReader.signature {
      return refusal(
        "found an HDF5 file behind a user block of \(size) bytes, which no Keras file has",
        hint: "in Python, load the weights and save them again")
    }
    if isPlainText(prefix) {
      return refusal(
        "found a text file that begins with \"\(firstLine(prefix))\", expected a checkpoint",
        hint: "name the file that holds the weights")
    }
    if let error = SafetensorsReader.refusal(of: file, prefix: prefix) { return error }
    let shown = prefix.prefix(8).map { byte in
      (byte < 16 ? "0" : "") + String(byte, radix: 16)
    }.joined(separator: " ")
    return refusal(
      "the file begins with \(shown), which no supported container does",
      hint: "supported are PyTorch .pth/.pt (zip and legacy), Keras .h5 and safetensors")
  }

  /// Whether a file begins with some text, after white space and a byte order mark, in any case.
  static func isText(_ prefix: [UInt8], _ text: String) -> Bool {
    let visible = prefix.drop { $0 <= 0x20 || $0 == 0xEF || $0 == 0xBB || $0 == 0xBF }
    return String(decoding: visible.prefix(text.utf8.count), as: UTF8.self).lowercased() == text
  }

  /// Whether the bytes are UTF-8 without control characters; the last character may be cut off.
  private static func isPlainText(_ prefix: [UInt8]) -> Bool {
    String(validating: prefix.dropLast(min(3, prefix.count - 1)), as: UTF8.self) != nil
      && prefix.allSatisfy { $0 >= 0x20 || $0 == 0x09 || $0 == 0x0A || $0 == 0x0D || $0 == 0x0C }
  }

  /// Whether a file begins as an object of JSON (white space: RFC 8259, section 2).
  static func isObject(_ prefix: [UInt8]) -> Bool {
    prefix.first { ![0x20, 0x09, 0x0A, 0x0D].contains($0) } == UInt8(ascii: "{")
  }

  private struct Format {
    var name: String
    var offset: Int
    var signature: [UInt8]
    var hint: String
  }

  private static let unpack = "unpack it and name the checkpoint inside"

  /// Signatures from the documentation of each format.
  private static let formats: [Format] = [
    Format(
      name: "a MATLAB file", offset: 0, signature: Array("MATLAB ".utf8),
      hint: "collect the arrays with their names in a safetensors file"),
    Format(name: "a gzip archive", offset: 0, signature: [0x1F, 0x8B], hint: unpack + ": gzip -dk FILE"),
    Format(
      name: "a 7z archive", offset: 0, signature: [0x37, 0x7A, 0xBC, 0xAF, 0x27, 0x1C], hint: unpack),
    Format(name: "an xz archive", offset: 0, signature: [0xFD, 0x37, 0x7A, 0x58, 0x5A, 0x00], hint: unpack),
    Format(name: "a bzip2 archive", offset: 0, signature: Array("BZh".utf8), hint: unpack),
    Format(name: "a zstd archive", offset: 0, signature: [0x28, 0xB5, 0x2F, 0xFD], hint: unpack),
    Format(name: "a RAR archive", offset: 0, signature: Array("Rar!".utf8), hint: unpack),
    Format(
      name: "a tar archive", offset: 257, signature: Array("ustar".utf8), hint: unpack + ": tar -xf FILE"),
    Format(
      name: "a PNG image", offset: 0, signature: [0x89, 0x50, 0x4E, 0x47],
      hint: "name the file that holds the weights"),
    Format(
      name: "a JPEG image", offset: 0, signature: [0xFF, 0xD8, 0xFF],
      hint: "name the file that holds the weights"),
    Format(
      name: "a NumPy array", offset: 0, signature: [0x93] + Array("NUMPY".utf8),
      hint: "collect the arrays with their names in a safetensors file"),
    Format(
      name: "a GGUF file", offset: 0, signature: Array("GGUF".utf8),
      hint: "name the PyTorch or safetensors file it was made from"),
    Format(
      name: "a PDF document", offset: 0, signature: Array("%PDF".utf8),
      hint: "name the file that holds the weights"),
  ]

  private static func firstLine(_ prefix: [UInt8]) -> String {
    let line = prefix.prefix { $0 != 0x0A && $0 != 0x0D }.prefix(40)
    return String(decoding: line, as: UTF8.self)
  }
}
