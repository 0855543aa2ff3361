public import Bytes
import Checkpoint
import JSON
import SystemPackage

/// The dialects that are known: those built in and those from files.
public struct DialectLibrary: Sendable {
  /// All dialects, in the order in which equal fits are preferred.
  public let dialects: [Dialect]

  /// The longest dialect file accepted, in bytes; the built-in ones have about 3000.
  static let maximumFileSize: UInt64 = 1 << 20

  /// The built-in dialects, preceded by those of some files.
  ///
  /// - Throws: ``ConversionError`` with code `invalidDialect`, naming the file.
  public init(files: [InputFile] = []) throws(ConversionError) {
    var dialects: [Dialect] = []
    for file in files { dialects.append(try Self.read(file)) }
    let own = Set(dialects.map(\.name))
    for text in Self.builtIn {
      let dialect = try DialectFile.parse(text)
      // A file may replace a built-in dialect by taking its name.
      if !own.contains(dialect.name) { dialects.append(dialect) }
    }
    self.dialects = dialects
  }

  /// The dialect of a name.
  ///
  /// - Throws: ``ConversionError`` with code `unknownName`, naming the nearest.
  public func dialect(named name: String) throws(ConversionError) -> Dialect {
    if let dialect = dialects.first(where: { $0.name == name }) { return dialect }
    let names = dialects.map(\.name)
    let nearest = NearestName.of(name, among: names).map { "did you mean \"\($0)\"? " } ?? ""
    throw ConversionError(
      .unknownName, "unknown dialect \"\(name)\"",
      hint: nearest + "known are " + names.joined(separator: ", "))
  }

  /// The dialect of a name or, without one, the dialect that a checkpoint came in.
  ///
  /// - Throws: ``ConversionError`` with code `unknownName`.
  func dialect(_ name: String?, of checkpoint: Checkpoint) throws(ConversionError) -> Dialect {
    if let name { return try dialect(named: name) }
    guard let name = checkpoint.metadata.source["dialect"]?.stringValue else {
      throw ConversionError(
        .unknownName, "the checkpoint does not say which dialect it came in",
        hint: "choose one with --dialect")
    }
    do {
      return try dialect(named: name)
    } catch {
      var error = error
      error.message = "the checkpoint came in dialect \"\(name)\", which is not built in"
      error.hint = "give its file with --dialect-file, or choose another with --dialect"
      throw error
    }
  }

  private static func read(_ file: InputFile) throws(ConversionError) -> Dialect {
    guard file.size <= maximumFileSize else {
      throw ConversionError(
        .invalidDialect, "a dialect file of \(file.size) bytes, at most \(maximumFileSize) are allowed",
        file: file.path.string)
    }
    do {
      return try DialectFile.parse(file.read(at: 0, count: Int(file.size)))
    } catch {
      var failure = ConversionError(any: error)
      failure.file = file.path.string
      throw failure
    }
  }

  /// Where several fit alike, plain networks are torchvision's and modules alone are their authors'.
  private static var builtIn: [[UInt8]] {
    [
      PackageResources.torchvision_json, PackageResources.attention_module_json,
      PackageResources.ecanet_json, PackageResources.nam_json, PackageResources.timm_json,
      PackageResources.pytorchcv_json, PackageResources.senet_moskomule_json,
      PackageResources.cadene_json, PackageResources.luuuyi_cbam_json,
      PackageResources.external_attention_json, PackageResources.tf2cv_json,
      PackageResources.keras_applications_json, PackageResources.kobiso_cbam_json,
      PackageResources.qubvel_resnet_json, PackageResources.qubvel_senet_json,
      PackageResources.keras_modules_json, PackageResources.keras_attributes_json,
      PackageResources.keras_nam_json,
      PackageResources.keras_functional_json,
    ]
  }
}
