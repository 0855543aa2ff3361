/// Limits of what is read from one HDF5 file. Keras files of the largest networks have some ten thousand objects.
public enum HDF5Limits {
  /// Groups, datasets and other links.
  public static let objectCount = 1 << 17
  /// Nesting of groups.
  public static let depth = 64
  /// Bytes of one path.
  public static let pathByteCount = 1 << 14
  /// Attributes of all objects together.
  public static let attributeCount = 1 << 18
  /// Bytes of all names and texts together; the description of a large network takes a few megabytes.
  public static let textByteCount = 1 << 26
  /// Bytes of one worker's index: texts with every character escaped, and some hundred bytes an object.
  static let indexByteCount = 1 << 29
  /// Bytes of address space of a worker.
  public static let addressSpace: UInt64 = {
    // The shadow memory of a sanitizer takes terabytes of addresses. `Tools/sanitizers.sh` decides it when it builds.
    #if SANITIZED
      1 << 47
    #else
      1 << 30
    #endif
  }()
  /// Seconds of processor time for an index; real ones take hundredths.
  public static let indexSeconds: UInt64 = 4
  /// Seconds of processor time to decode the datasets of one request: enough for 100 GB.
  public static let readSeconds: UInt64 = 1000
  /// Bytes that the structure of a new file may take beside the data of its datasets; that of a large network takes
  /// two megabytes.
  public static let structureByteCount: UInt64 = 1 << 26
  /// Seconds without a byte from a worker after which it is ended.
  static let idleSeconds = 60
  /// The most that filters can expand bytes: that of deflate (zlib's FAQ); the other filters keep the size.
  static let maximumRatio: UInt64 = 1032
  /// Datasets up to this size may be stored in less than the ratio above says: fill values, small chunks.
  static let smallByteCount: UInt64 = 1 << 20
}
