import Architectures
import ArgumentParser
import Bytes
import Checkpoint
import Conversion
import SystemPackage
import Verification

/// Whose names the layers of references have, where they are not canonical.
struct DialectArguments: ParsableArguments {
  @Option(
    name: .long,
    help: ArgumentHelp(
      "Read source names of layers in this dialect instead of the checkpoint's own.", valueName: "name"))
  var dialect: String?

  @Option(
    name: .customLong("dialect-file"),
    help: ArgumentHelp("Add the dialect of this file. Repeatable.", valueName: "file"))
  var dialectFiles: [String] = []

  /// Reads names of source modules by the dialect.
  var translation: Reference.Translation {
    let (dialect, files) = (dialect, dialectFiles)
    return { reference, checkpoint throws(VerificationError) in
      do {
        let graph = try Architecture(json: checkpoint.metadata.architecture).graph()
        guard reference.needsModuleNames(in: graph) else { return reference }
        let library = try DialectLibrary(files: files.map { try InputFile(FilePath($0)) })
        return reference.reading(
          Self.moduleNames(try SourceModuleNames(of: checkpoint, in: library, dialect: dialect)))
      } catch let error as any ExplainedError {
        throw VerificationError(.unsuitableReference, passingOn: error)
      } catch {
        throw VerificationError(.unsuitableReference, "\(error)")
      }
    }
  }

  private static func moduleNames(_ names: SourceModuleNames) -> Reference.ModuleNames {
    { module throws(ReferenceFault) in
      do throws(SourceNameFault) {
        return try names.node(of: module)
      } catch {
        throw ReferenceFault(
          module, found: error.found, expected: error.expected, suggestion: error.suggestion)
      }
    }
  }
}
