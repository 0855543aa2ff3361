import ArgumentParser
import Bytes
import Checkpoint
import Conversion
import JSON
import SourceFormats
import SystemPackage

/// How every command reports.
struct ReportOptions: ParsableArguments {
  @Flag(name: .long, help: "Print one JSON object instead of text, also for errors.")
  var json = false

  @Option(
    name: .long, help: ArgumentHelp("When to colour messages: auto, always or never.", valueName: "when"))
  var color: Terminal.Color = .auto
}

/// What can be forced instead of leaving it to recognition.
struct RecognitionArguments: ParsableArguments {
  @Option(
    name: .long,
    help: ArgumentHelp("Take the state dict at this key path, for example state_dict_ema.", valueName: "path")
  )
  var key: String?

  @Option(
    name: .long,
    help: ArgumentHelp("Read the names in this dialect; 'attnconv dialects' lists them.", valueName: "name"))
  var dialect: String?

  @Option(
    name: .long, help: ArgumentHelp("Expect this architecture, for example resnet50-cbam.", valueName: "name")
  )
  var architecture: String?

  @Option(name: .long, help: ArgumentHelp("Expect this number of classes.", valueName: "count"))
  var classes: Int?

  @Option(
    name: .customLong("set"),
    help: ArgumentHelp(
      "Decide what no tensor shows, for example stridePosition=conv1. Repeatable.", valueName: "name=value"))
  var settings: [String] = []

  @Option(
    name: .customLong("dialect-file"),
    help: ArgumentHelp("Add the dialect of this file. Repeatable.", valueName: "file"))
  var dialectFiles: [String] = []

  @Option(
    name: .long,
    help: ArgumentHelp(
      "Let names that match be missing, for example 'head.*'. Repeatable.", valueName: "pattern"))
  var allowMissing: [String] = []

  @Option(
    name: .long,
    help: ArgumentHelp(
      "Leave out names that match and have no place, for example 'criterion.*'. Repeatable.",
      valueName: "pattern"))
  var allowUnexpected: [String] = []

  @Flag(name: .customLong("ignore-crc"), help: "Only note checksums of the source that do not match.")
  var ignoresChecksums = false

  func validate() throws {
    if let classes, classes < 1 { throw ValidationError("--classes must be at least 1") }
    for setting in settings where !setting.contains("=") {
      throw ValidationError("--set expects name=value, found '\(setting)'")
    }
  }

  /// The dialects that are known to this command.
  func library() throws -> DialectLibrary {
    try DialectLibrary(files: dialectFiles.map { try InputFile(FilePath($0)) })
  }

  /// The choices in the library's terms.
  var options: RecognitionOptions {
    var options = RecognitionOptions()
    options.key = key.map { $0.isEmpty ? [] : $0.split(separator: ".").map(String.init) }
    options.dialect = dialect
    options.architecture = architecture
    options.classes = classes
    options.allowMissing = allowMissing
    options.allowUnexpected = allowUnexpected
    options.semantics = settings.map { setting in
      let parts = setting.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      return JSONValue.Member(String(parts[0]), Self.value(String(parts[1])))
    }
    return options
  }

  /// Whether anything is forced.
  var forcesSomething: Bool {
    key != nil || dialect != nil || architecture != nil || classes != nil || !settings.isEmpty
      || !dialectFiles.isEmpty || !allowMissing.isEmpty || !allowUnexpected.isEmpty
  }

  var readerOptions: SourceReaderOptions {
    SourceReaderOptions(ignoreChecksums: ignoresChecksums, worker: Executable.path)
  }

  /// A number, a truth value or else a text.
  private static func value(_ text: String) -> JSONValue {
    if let value = try? JSONParser.parse(text), value.stringValue == nil, value.objectValue == nil {
      return value
    }
    return .string(text)
  }
}

/// The conversion of element types.
struct PrecisionArguments: ParsableArguments {
  /// The types to choose from.
  enum Choice: String, CaseIterable, ExpressibleByArgument {
    case f16, bf16, f32

    var elementType: ElementType {
      switch self {
      case .f16: .float16
      case .bf16: .bfloat16
      case .f32: .float32
      }
    }
  }

  @Option(
    name: .long, help: ArgumentHelp("Convert floating-point tensors: f16, bf16 or f32.", valueName: "type"))
  var dtype: Choice?

  @Flag(name: .long, help: "With --dtype, convert running means and variances too.")
  var convertNormStatistics = false

  var precision: Precision {
    Precision(elementType: dtype?.elementType, convertsNormStatistics: convertNormStatistics)
  }
}
