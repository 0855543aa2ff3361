public import Bytes
import Checkpoint
import SystemPackage

/// Reads a safetensors file as a source.
public enum SafetensorsReader {
  /// The index of one file: every tensor is contiguous and the keys are the names.
  public static func read(_ file: InputFile) throws(SourceError) -> SourceIndex {
    let header = try header(of: file)
    var index = SourceIndex(container: .safetensors, files: [file])
    append(header, file: 0, to: &index)
    return index
  }

  /// The header of a file, with its errors told in terms of this module.
  static func header(of file: InputFile) throws(SourceError) -> SafetensorsHeader {
    do {
      return try SafetensorsHeader(reading: file)
    } catch {
      let code: SourceError.Code =
        switch error.code {
        case .truncated: .truncated
        case .inputOutput: .inputOutput
        default: .malformed
        }
      throw SourceError(
        code, error.message, file: error.file ?? file.path.string, offset: error.offset, hint: error.hint)
    }
  }

  /// Adds the tensors of one file, a shard or the only one, to an index.
  static func append(_ header: SafetensorsHeader, file: Int, to index: inout SourceIndex) {
    for tensor in header.tensors {
      let storage = SourceStorage(
        name: tensor.name, file: file, offset: header.dataOffset + tensor.begin,
        byteCount: UInt64(tensor.byteCount))
      index.tensors.append(
        SourceTensor(
          path: [tensor.name], elementType: tensor.elementType, shape: tensor.shape,
          strides: SourceTensor.contiguousStrides(tensor.shape), storage: index.storages.count))
      index.storages.append(storage)
    }
    for (name, value) in header.metadata {
      index.extras.append(SourceExtra(path: ["__metadata__", name], value: .text(value)))
    }
  }

  /// What is wrong with a file that no reader takes and that looks like a damaged safetensors file: JSON behind eight
  /// bytes. Nothing where it does not.
  static func refusal(of file: InputFile, prefix: [UInt8]) -> SourceError? {
    let text = prefix.dropFirst(8).drop { $0 <= 0x20 || [0xEF, 0xBB, 0xBF].contains($0) }
    guard text.first == UInt8(ascii: "{") || text.first == UInt8(ascii: "[") else { return nil }
    do throws(SourceError) { _ = try header(of: file) } catch { return error }
    return nil
  }

  /// Whether a file begins like a safetensors file: a plausible length, then an opening brace.
  static func matches(prefix: [UInt8], fileSize: UInt64) -> Bool {
    guard prefix.count >= 9 else { return false }
    let length = prefix.prefix(8).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    return prefix[8] == UInt8(ascii: "{") && length <= UInt64(SafetensorsHeader.maximumLength)
  }
}
