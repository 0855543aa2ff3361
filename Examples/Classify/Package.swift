// swift-tools-version: 6.2

import PackageDescription

let package = Package(
  name: "Classify",
  platforms: [.macOS(.v15)],
  dependencies: [
    // In a package of your own: .package(url: "<address of the repository>", from: "0.1.0")
    .package(name: "attnconv", path: "../..")
  ],
  targets: [
    .executableTarget(
      name: "Classify",
      dependencies: [
        .product(name: "Checkpoint", package: "attnconv"),
        .product(name: "Execution", package: "attnconv"),
      ])
  ]
)
