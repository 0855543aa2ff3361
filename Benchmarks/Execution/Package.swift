// swift-tools-version: 6.2

import PackageDescription

let package = Package(
  name: "ExecutionBenchmark",
  platforms: [.macOS(.v15)],
  dependencies: [.package(name: "attnconv", path: "../..")],
  targets: [
    .executableTarget(
      name: "ExecutionBenchmark",
      dependencies: [
        .product(name: "Checkpoint", package: "attnconv"),
        .product(name: "Execution", package: "attnconv"),
      ])
  ]
)
