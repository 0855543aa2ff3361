/// Names what an HDF5 file is when Keras did not write it.
struct ForeignHDF5 {
  private let objects: [HDF5Object]

  init(_ objects: [HDF5Object]) { self.objects = objects }

  /// The error for such a file.
  var error: SourceError {
    SourceError(
      .notACheckpoint, "found \(description), expected Keras weights",
      hint: "name the file that holds the weights")
  }

  private var description: String {
    let root = objects.first?.attributes ?? [:]
    func hasAttribute(_ name: String) -> Bool { objects.contains { $0.attributes.keys.contains(name) } }
    if hasAttribute("pandas_type") { return "a pandas table in an HDF5 file" }
    if root.keys.contains("PYTABLES_FORMAT_VERSION") { return "a PyTables file (HDF5)" }
    if root.keys.contains("_NCProperties") || hasAttribute("_Netcdf4Dimid") {
      return "a netCDF-4 file (HDF5)"
    }
    if hasAttribute("MATLAB_class") { return "a MATLAB file (HDF5)" }
    if root["encoding-type"] == ["anndata"] { return "an AnnData file (HDF5)" }
    if objects.contains(where: { $0.path.hasPrefix("optimizer_weights") })
      || root.keys.contains("model_config")
    {
      return "a Keras file without weights"
    }
    let datasets = objects.filter { if case .dataset = $0.kind { true } else { false } }
    guard let first = datasets.min(by: { $0.path < $1.path }) else { return "an HDF5 file without data" }
    return "an HDF5 file with \(datasets.count) datasets, the first of them \"\(first.path)\""
  }
}
