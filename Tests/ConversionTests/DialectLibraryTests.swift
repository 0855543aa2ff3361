import Bytes
import SystemPackage
import Testing

@testable import Conversion
import TestSupport

@Suite struct DialectLibraryTests {
  private static let names = [
    "torchvision", "attention-module", "ecanet", "nam", "timm", "pytorchcv", "senet-moskomule", "cadene",
    "luuuyi-cbam", "external-attention", "tf2cv", "keras-applications", "kobiso-cbam", "qubvel-resnet",
    "qubvel-senet", "keras-modules", "keras-attributes", "keras-nam", "keras-functional",
  ]

  @Test func `all built-in dialects are valid and in the order of preference`() throws {
    let library = try DialectLibrary()
    #expect(library.dialects.map(\.name) == Self.names)
    #expect(library.dialects.allSatisfy { !$0.title.isEmpty && $0.source.hasPrefix("https://") })
  }

  @Test func `a file comes first and replaces a built-in dialect of its name`() throws {
    let directory = try TemporaryDirectory()
    let text = #"{"schemaVersion": 1, "name": "timm", "title": "my timm", "source": "here"}"#
    let file = try InputFile(directory.create("timm.json", Array(text.utf8)))
    let library = try DialectLibrary(files: [file])
    #expect(library.dialects.map(\.name) == ["timm"] + Self.names.filter { $0 != "timm" })
    #expect(try library.dialect(named: "timm").title == "my timm")
  }

  @Test(
    arguments: [
      ("torchvison", "did you mean \"torchvision\"? "),
      ("cbam", ""),
    ])
  func `an unknown name is refused with the nearest one`(_ name: String, _ nearest: String) throws {
    let library = try DialectLibrary()
    #expect(
      throws: ConversionError(
        .unknownName, "unknown dialect \"\(name)\"",
        hint: nearest + "known are " + Self.names.joined(separator: ", "))
    ) { try library.dialect(named: name) }
  }

  @Test func `a faulty file is named`() throws {
    let directory = try TemporaryDirectory()
    let path = try directory.create("mine.json", Array("[]".utf8))
    #expect(
      throws: ConversionError(.invalidDialect, "the dialect is array, expected an object", file: path.string)
    ) { try DialectLibrary(files: [InputFile(path)]) }
  }

  @Test func `a file that is no dialect by its size is not read`() throws {
    let directory = try TemporaryDirectory()
    let size = Int(DialectLibrary.maximumFileSize) + 1
    let path = try directory.create("mine.json", [UInt8](repeating: 0x20, count: size))
    #expect(
      throws: ConversionError(
        .invalidDialect, "a dialect file of 1048577 bytes, at most 1048576 are allowed", file: path.string)
    ) { try DialectLibrary(files: [InputFile(path)]) }
  }
}
