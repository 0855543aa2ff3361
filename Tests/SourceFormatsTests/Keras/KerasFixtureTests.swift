import Bytes
import Checkpoint
import SystemPackage
import TestSupport
import Testing

@testable import SourceFormats

/// What Keras, tf2cv and h5py wrote is listed as it stands in the file.
@Suite struct KerasFixtureTests {
  static let fixtures = KerasFixture.all

  @Test func `the fixtures are there`() { #expect(Self.fixtures.count >= 28) }

  /// Names are those of the `.h5` file that Keras wrote of the same model, whatever the container.
  @Test(arguments: fixtures)
  func `tensors have the names, shapes and bytes of Keras`(_ fixture: KerasFixture) throws {
    let index = try fixture.read()
    #expect(index.container.rawValue == fixture.container)
    #expect(index.notes == fixture.notes)
    let rows = try index.rows()
    // The other containers have no order of weights.
    if fixture.container == "keras-hdf5" { #expect(rows == fixture.rows) }
    #expect(rows.sorted { $0.name < $1.name } == fixture.rows.sorted { $0.name < $1.name })
  }

  @Test(arguments: ["keras3.keras", "keras3.unnamed.keras", "keras3.nested.keras", "keras2.keras"])
  func `an archive lists layers in the order of its network`(_ name: String) throws {
    let fixture = try KerasFixture.named(name)
    func layers(_ names: [String]) -> [String] {
      names.reduce(into: []) { layers, name in
        let layer = String(name.prefix { $0 != "/" })
        if !layers.contains(layer) { layers.append(layer) }
      }
    }
    #expect(layers(try fixture.read().tensors.map { $0.path[0] }) == layers(fixture.rows.map(\.name)))
  }

  @Test func `what the file says about the network is data`() throws {
    let model = try KerasFixture.named("keras2.model.h5").read().extras
    #expect(model.contains(SourceExtra(path: ["backend"], value: .text("tensorflow"))))
    #expect(model.contains(SourceExtra(path: ["keras_version"], value: .text("2.15.0"))))
    let config = try #require(model.first { $0.path == ["model_config"] })
    guard case .text(let text) = config.value else {
      Issue.record("the description is no text")
      return
    }
    #expect(text.hasPrefix(#"{"class_name": "Functional""#))
    let archive = try KerasFixture.named("keras3.keras").read().extras.map(\.path)
    #expect(archive.starts(with: [["config.json"], ["metadata.json"]]))
  }

  @Test func `weights in an archive are read where they lie`() throws {
    let index = try KerasFixture.named("keras3.keras").read()
    let used = index.tensors.map { index.storages[$0.storage] }
    #expect(used.allSatisfy { $0.encoding == .stored && $0.offset + $0.byteCount <= index.files[0].size })
    let deflated = try KerasFixture.named("keras3.deflated.keras").read()
    #expect(Set(deflated.tensors.map { deflated.storages[$0.storage].name }) == ["model.weights.h5"])
  }

  @Test func `without a worker HDF5 files are refused`() throws {
    let path = KerasFixture.root.appending("keras2.weights-only.h5")
    #expect(
      throws: SourceError(
        .unsupported, "HDF5 files are read by a worker process, and this program has none", file: path.string)
    ) { try SourceReader.open(path) }
  }
}
