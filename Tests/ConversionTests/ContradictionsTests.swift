import SourceFormats
import SystemPackage
import Testing

@testable import Conversion
import TestSupport

/// What a file says about itself is compared with its tensors, and never believed.
@Suite struct ContradictionsTests {
  private func warnings(
    _ table: String, file: String = "model.pth", extras: [SourceExtra] = []
  ) throws -> [String] {
    let directory = try TemporaryDirectory()
    var source = SyntheticSource(try ParameterTable(table))
    source.file = try directory.create(file, [0])
    source.extras = extras
    return try Importer(library: DialectLibrary(), options: ImportOptions()).plan(source.index()).warnings
  }

  @Test(
    arguments: [
      ("arch", "se_resnet18", true),
      ("arch", "resnet50", true),
      ("arch", "mobilenet_v2", true),
      ("model_name", "cbam_resnet18", true),
      ("architecture", "resnet18_bam", true),
      ("arch", "eca_resnet18", false),
      ("arch", "ECAResNet18", false),
      ("arch", "resnet18", false),
      ("arch", "resnet", false),
      ("arch", "network", false),
      ("note", "resnet50", false),
    ])
  func `an entry that names another network is a warning`(
    _ key: String, _ text: String, _ isContradiction: Bool
  ) throws {
    let extra = SourceExtra(path: ["info", key], value: .text(text))
    let expected = "the entry \"info.\(key)\" says \"\(text)\", the tensors are resnet18-eca"
    #expect(try warnings("ecanet_r18_k3577", extras: [extra]) == (isContradiction ? [expected] : []))
  }

  @Test(
    arguments: [
      ("resnet50_bam.pth", true),
      ("resnet18-se.pth.tar", true),
      ("mobilenetv2.pth", true),
      ("RESNET34.pth", true),
      ("resnet18_cbam.pth", false),
      ("resnet18-cbam-name-of-run.pth", false),
      ("named_weights.pth", false),
      ("weight_decay_0.1.pth", false),
      ("checkpoint.pth", false),
    ])
  func `a file that is called like another network is a warning`(_ name: String, _ isContradiction: Bool)
    throws
  {
    let warnings = try warnings("jc_imagenet_r18_cbam", file: name)
    let stem = FilePath(name).stem ?? ""
    #expect(
      warnings == (isContradiction ? ["the file is called \"\(stem)\", the tensors are resnet18-cbam"] : []))
  }

  @Test func `a value that is no text says nothing`() throws {
    let extra = SourceExtra(path: ["arch"], value: .integer(50))
    #expect(try warnings("tv_resnet18", extras: [extra]) == [])
  }
}
