public import SystemPackage

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// A whole file mapped into memory, read only.
///
/// As with every memory map, a file that another process shortens while it is mapped ends the program with a
/// signal when the missing part is read, unless the program has called ``LostPages/install()``; ``checkUnchanged()``
/// then tells. Files that this package writes are never changed in place, so the map of a canonical checkpoint stays
/// valid even while a newer one takes its name.
///
/// `@unchecked Sendable` because of the address, which the compiler cannot see to be harmless: it is written once, in
/// `init`; the map is read only and private, so no thread writes what another reads; and it lasts until the last
/// reference is gone, since every span of it borrows the file.
@safe public final class MappedFile: @unchecked Sendable {
  /// The path as the user gave it.
  public let path: FilePath

  /// The number of bytes.
  public let count: Int

  /// The open file that is mapped, whatever its path names by now.
  public let file: InputFile

  private let base: UnsafeMutableRawPointer?
  private let watch: LostPages.Watch?

  /// Maps a regular file.
  ///
  /// - Throws: ``BytesError`` with code `cannotOpen`, `notAFile` or `cannotRead`.
  public init(_ path: FilePath) throws(BytesError) {
    let file = try InputFile(path)
    self.path = path
    self.file = file
    guard let count = Int(exactly: file.size) else {
      throw BytesError(.cannotRead, "the file is too large to be mapped", file: path.string)
    }
    self.count = count
    // An empty mapping is an error of `mmap`.
    let base = count == 0 ? nil : try unsafe file.map(count: count)
    unsafe self.base = base
    watch = unsafe base.flatMap { unsafe LostPages.watch($0, count: count) }
  }

  deinit {
    LostPages.end(watch)
    if let base = unsafe base { _ = unsafe munmap(base, count) }
  }

  /// Fails where the file is no longer the one that was opened, or where a part of it could not be read.
  ///
  /// - Throws: ``BytesError`` with code `changed` or `cannotRead`.
  public func checkUnchanged() throws(BytesError) {
    try file.checkUnchanged()
    guard !LostPages.happened(in: watch) else {
      throw BytesError(
        .cannotRead, "a part of the file could not be read", file: path.string, hint: "check the disk")
    }
  }

  /// All bytes of the file, without a copy.
  public var bytes: RawSpan {
    @_lifetime(borrow self)
    get {
      let buffer = unsafe UnsafeRawBufferPointer(start: base, count: count)
      return unsafe _overrideLifetime(RawSpan(_unsafeBytes: buffer), borrowing: self)
    }
  }
}

extension InputFile {
  fileprivate func map(count: Int) throws(BytesError) -> UnsafeMutableRawPointer {
    let pointer = unsafe mmap(nil, count, PROT_READ, MAP_PRIVATE, rawDescriptor, 0)
    guard let pointer = unsafe pointer, unsafe pointer != MAP_FAILED else {
      throw BytesError(
        .cannotRead, "cannot map the file: \(InputFile.describe(Errno(rawValue: errno)))",
        file: path.string)
    }
    return unsafe pointer
  }
}
