import Architectures
import JSON
import Testing

@Suite struct CatalogTests {
  @Test(arguments: ArchitectureCatalog.names)
  func `a preset keeps its name, survives its description and is recognized from its shapes`(_ name: String)
    throws
  {
    let preset = try ArchitectureCatalog.architecture(named: name)
    #expect(preset.name == name)
    #expect(try Architecture(json: preset.json) == preset)
    let text = preset.json.text()
    #expect(try Architecture(json: JSONParser.parse(text)) == preset)
    let parameters = try preset.graph().parameters
    let shapes = Dictionary(uniqueKeysWithValues: parameters.map { ($0.name, $0.shape) })
    #expect(try ArchitectureInference.infer(shapes: shapes) == preset)
    #expect(try ArchitectureInference.infer(shapes: shapes, following: preset) == preset)
    #expect(
      try ArchitectureInference.infer(shapes: [:], following: preset) == preset, "with no tensor at all")
  }

  @Test func `the names people type are there`() {
    let expected = [
      "resnet18", "resnet50-cbam", "resnet101-bam", "resnet50-eca", "resnet50d-eca", "resnet50t-eca",
      "resnet34-nam",
      "resnet18-bam-cifar", "resnet20-se-cifar", "resnet56-cifar", "mobilenetv2", "mobilenetv2-eca",
      "bam-module",
      "se-module",
    ]
    #expect(Set(expected).subtracting(ArchitectureCatalog.names).isEmpty)
    #expect(ArchitectureCatalog.names == ArchitectureCatalog.names.sorted())
  }

  @Test func `an unknown name is refused`() {
    #expect(
      throws: ArchitectureError(
        .unknownArchitecture,
        "found architecture \"resnet51\", expected one of the \(ArchitectureCatalog.names.count) known names",
        hint: "for example resnet50, resnet50-cbam, resnet18-bam-cifar, mobilenetv2-eca or cbam-module")
    ) { try ArchitectureCatalog.architecture(named: "resnet51") }
  }

  @Test func `unusual depths and stems have speaking names`() {
    let unusual = ResNet(block: .bottleneck, blocksPerStage: [3, 4, 7, 3], attention: .nam)
    #expect(Architecture.resnet(unusual).name == "resnet-3.4.7.3-bottleneck-nam")
    #expect(resnet(50, stem: deep([32, 32, 64])).name == "resnet50c")
    #expect(resnet(50, stem: deep([64, 64, 128]), shortcut: .averagePool).name == "resnet50e")
  }
}
