public import Bytes

/// The tar archives that PyTorch wrote before version 0.1.10 (February 2017); told apart, not read.
///
/// Source: `legacy_load` in `torch/serialization.py`. Files named `.pth.tar` are nearly never this.
public enum PyTorchTarFormat {
  /// The error for such a file; the caller adds its name.
  public static let refusal = SourceError(
    .unsupported,
    "found a PyTorch tar archive, which versions before 0.1.10 (2017) wrote and which is not read",
    hint: "in Python, if you trust the file: "
      + "torch.save(torch.load(\"FILE\", weights_only=False), \"converted.pth\")")

  /// Whether a file is a tar archive with the members of a checkpoint.
  public static func matches(_ file: InputFile) -> Bool {
    var found = Set<String>()
    var offset: UInt64 = 0
    for _ in 0..<maximumMemberCount {
      guard offset < file.size, let header = try? file.read(at: offset, count: blockByteCount),
        header[257..<262].elementsEqual("ustar".utf8), let size = memberSize(header[124..<136])
      else { break }
      let name = String(decoding: header[..<100].prefix { $0 != 0 }, as: UTF8.self)
      if members.contains(name) { found.insert(name) }
      if found.count >= 2 { return true }
      // Sizes of twelve octal digits and offsets within the file cannot overflow together.
      let block = UInt64(blockByteCount)
      offset += block + (size + block - 1) / block * block
    }
    return false
  }

  /// `storages`, `tensors` and `pickle` hold the checkpoint, `sys_info` comes with them.
  private static let members: Set<String> = ["storages", "tensors", "pickle", "sys_info"]

  /// POSIX.1-1988 ustar: headers and content come in blocks of this size.
  private static let blockByteCount = 512

  /// Such an archive has four members, and extended headers before some of them.
  private static let maximumMemberCount = 16

  /// An octal number, filled up with spaces and zero bytes.
  private static func memberSize(_ field: ArraySlice<UInt8>) -> UInt64? {
    let digits = field.drop { $0 == 0x20 }.prefix { $0 != 0x20 && $0 != 0 }
    return digits.isEmpty ? 0 : UInt64(String(decoding: digits, as: UTF8.self), radix: 8)
  }
}
