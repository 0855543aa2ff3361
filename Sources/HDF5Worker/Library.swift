import CHDF5

/// The loaded HDF5 library, without error printing and without plugins.
///
/// Every call of it is unsafe: it is C code that reads a file of unknown origin. This process exists to be the one
/// that suffers.
@safe final class Library {
  let functions: hdf5_functions

  /// Loads the library; fails where it is missing or is of another series than the headers.
  init?() {
    var loaded = hdf5_functions()
    guard unsafe hdf5_load(&loaded) == nil else { return nil }
    functions = loaded
    var header: (major: UInt32, minor: UInt32) = (0, 0)
    unsafe hdf5_header_version(&header.major, &header.minor)
    var found: (major: UInt32, minor: UInt32, release: UInt32) = (0, 0, 0)
    guard unsafe functions.version(&found.major, &found.minor, &found.release) >= 0,
      found.major == header.major, found.minor == header.minor,
      functions.setPluginState(0) >= 0
    else { return nil }
    _ = functions.setErrorHandler(0, nil, nil)
  }

  /// Opens the HDF5 file in a part of a descriptor; negative where the library cannot.
  func open(_ part: hdf5_part) -> hid_t {
    var functions = functions
    return unsafe hdf5_open_part(&functions, part)
  }

  /// Begins an HDF5 file in an empty descriptor; negative where the library cannot.
  func create(_ part: hdf5_part) -> hid_t {
    var functions = functions
    return unsafe hdf5_create_part(&functions, part)
  }

  /// The error number of what could not be written to the new file, or 0.
  var writeFailure: CInt { hdf5_write_failure() }

  /// What the library says about the last call that failed.
  var reason: String {
    let found = Box<String?>(nil)
    _ = unsafe functions.walkErrors(
      0, H5E_WALK_UPWARD,
      { _, error, context in
        guard let box = unsafe Box<String?>.from(context) else { return -1 }
        if box.value == nil, let text = unsafe error?.pointee.desc {
          box.value = unsafe String(cString: text)
        }
        return 0
      }, unsafe found.pointer)
    // Some reasons end with addresses in memory, which differ from run to run.
    let words = found.value ?? "no reason given"
    let pointer = words.firstRange(of: "current p = ")?.lowerBound ?? words.endIndex
    return String(words[..<pointer].reversed().drop { $0 == " " || $0 == ":" }.reversed())
  }
}

/// A value that callbacks of C can change.
final class Box<Value> {
  var value: Value

  init(_ value: Value) { self.value = value }

  /// The address to hand to C, valid while this object lives.
  @unsafe var pointer: UnsafeMutableRawPointer { unsafe Unmanaged.passUnretained(self).toOpaque() }

  @unsafe static func from(_ pointer: UnsafeMutableRawPointer?) -> Box<Value>? {
    guard let pointer = unsafe pointer else { return nil }
    return unsafe Unmanaged<Box<Value>>.fromOpaque(pointer).takeUnretainedValue()
  }
}
