/// Names what a zip archive is when it holds no PyTorch pickle.
enum ForeignArchive {
  /// The error for an archive without `data.pkl`.
  static func error(_ archive: ZipArchive) -> SourceError {
    let names = archive.entries.lazy.map(\.name)
    func contains(_ name: String) -> Bool { archive.entry(named: name) != nil }
    func containsFile(_ name: String) -> Bool { names.contains { $0.hasSuffix("/" + name) } }
    func foreign(_ what: String, _ hint: String? = nil) -> SourceError {
      SourceError(.notACheckpoint, "found \(what), expected a checkpoint", hint: hint)
    }

    if archive.entries.isEmpty { return foreign("an empty zip archive", "fetch the file again") }
    if names.allSatisfy({ $0.hasSuffix(".npy") }) {
      return foreign(
        "a NumPy archive (.npz)", "collect the arrays with their names in a safetensors file")
    }
    if containsFile("model.json"), names.contains(where: { $0.contains("/tensors/") }) {
      return SourceError(
        .unsupported, "found a TorchScript archive of PyTorch 1.0 to 1.3, which has no data.pkl",
        hint: "in Python: torch.save(torch.jit.load(\"FILE\").state_dict(), \"weights.pth\")")
    }
    if containsFile("archive_format") || contains("serialized_exported_program.json") {
      return SourceError(
        .unsupported, "found a program of torch.export (.pt2), not a checkpoint",
        hint: "in Python: torch.save(torch.export.load(\"FILE\").state_dict, \"weights.pth\")")
    }
    if contains("[Content_Types].xml") { return foreign("an Office document") }
    if contains("AndroidManifest.xml") { return foreign("an Android package") }
    if contains("META-INF/MANIFEST.MF") { return foreign("a Java archive") }
    let endings = [".pth", ".pt", ".bin", ".tar", ".ckpt", ".safetensors", ".h5", ".keras"]
    if let inner = names.first(where: { name in endings.contains(where: name.hasSuffix) }) {
      return foreign("a zip archive around \(inner)", "unpack it and name the checkpoint inside: unzip FILE")
    }
    return foreign(
      "a zip archive without data.pkl (its first record is \(archive.entries[0].name))",
      "unpack it and name the checkpoint inside")
  }
}
