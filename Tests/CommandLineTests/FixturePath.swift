import Foundation
import SystemPackage

/// Paths of the files under `Fixtures/`.
enum FixturePath {
  /// The path of a fixture.
  static func of(_ name: String) -> String { root.appending("Fixtures").pushing(FilePath(name)).string }

  /// The package.
  private static let root = FilePath(#filePath).removingLastComponent().removingLastComponent()
    .removingLastComponent()

  static let seModule = of("pytorch-zip/se-module-tiny.pth")
  static let cbamNetwork = of("networks/attention-module-resnet18-cbam.pth")
  static let trainingRun = of("pytorch-legacy/cbam-resnet18-narrow.training.pth.tar")
  static let webPage = of("not-checkpoints/download-warning.pth")
}
