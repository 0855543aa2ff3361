extension SourceError {
  /// The same error with a place, where it has none yet.
  func located(file: String, offset: UInt64? = nil) -> SourceError {
    var error = self
    error.file = error.file ?? file
    error.offset = error.offset ?? offset
    return error
  }
}
