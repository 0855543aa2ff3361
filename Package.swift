// swift-tools-version: 6.2

import PackageDescription

/// The settings of every Swift target: the strictest checking the language offers.
let strict: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .strictMemorySafety(),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("MemberImportVisibility"),
  // A type that owns memory may hand out a `RawSpan` of it (`MappedFile.bytes`).
  .enableExperimentalFeature("Lifetimes"),
]

let crypto: Target.Dependency = .product(name: "Crypto", package: "swift-crypto")
let system: Target.Dependency = .product(name: "SystemPackage", package: "swift-system")

/// The built-in dialects, each a file in `Sources/Conversion/Dialects/BuiltIn`.
let dialects = [
  "attention-module", "cadene", "ecanet", "external-attention", "keras-applications", "keras-attributes",
  "keras-functional", "keras-modules", "keras-nam", "kobiso-cbam", "luuuyi-cbam", "nam", "pytorchcv",
  "qubvel-resnet", "qubvel-senet", "senet-moskomule", "tf2cv", "timm", "torchvision",
]

/// The built-in networks of `attnconv verify --self-test`, recorded by `Fixtures/self-test/generate.py`.
let selfTestNetworks = [
  "mobilenet-v2", "resnet-bam", "resnet-bottleneck", "resnet-cbam", "resnet-eca", "resnet-nam", "resnet-se",
]

let package = Package(
  name: "attnconv",
  platforms: [.macOS(.v15)],
  products: [
    .executable(name: "attnconv", targets: ["attnconv"]),
    .library(name: "Checkpoint", targets: ["Checkpoint"]),
    .library(name: "Architectures", targets: ["Architectures"]),
    .library(name: "Execution", targets: ["Execution"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
    .package(url: "https://github.com/apple/swift-system", from: "1.8.1"),
  ],
  targets: [
    .executableTarget(
      name: "attnconv",
      dependencies: [
        "Verification", "Execution", "Conversion", "HDF5Worker", "SourceFormats", "Architectures",
        "Checkpoint", "JSON",
        "Bytes",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
        system,
      ],
      resources: [.embedInCode("Reports/HTML/page.css")],
      swiftSettings: strict),
    .target(
      name: "Conversion",
      dependencies: [
        "SourceFormats", "Architectures", "Checkpoint", "JSON", "Bytes",
        crypto,
        system,
      ],
      // In the code rather than in a bundle, which would carry the path of the build.
      resources: dialects.map { .embedInCode("Dialects/BuiltIn/\($0).json") },
      swiftSettings: strict),
    .target(
      name: "SourceFormats",
      dependencies: [
        "Checkpoint", "JSON", "Bytes", "CZlib",
        system,
      ],
      swiftSettings: strict),
    // Code of the worker process; nothing but the program depends on it.
    .target(
      name: "HDF5Worker", dependencies: ["SourceFormats", "Checkpoint", "JSON", "CHDF5", system],
      swiftSettings: strict),
    .target(
      name: "Verification",
      dependencies: ["Execution", "Architectures", "Checkpoint", "JSON", "Bytes", crypto, system],
      resources: selfTestNetworks.map { .embedInCode("SelfTest/Recorded/\($0).safetensors") },
      swiftSettings: strict),
    .target(
      name: "Execution", dependencies: ["Architectures", "Checkpoint", "JSON", "Bytes", "COneDNN", system],
      swiftSettings: strict),
    .target(name: "Architectures", dependencies: ["JSON", "Bytes"], swiftSettings: strict),
    .target(
      name: "Checkpoint",
      dependencies: [
        "JSON", "Bytes",
        crypto,
        system,
      ],
      swiftSettings: strict),
    .target(name: "JSON", dependencies: ["Bytes"], swiftSettings: strict),
    .target(
      name: "Bytes",
      dependencies: ["CReservation", system],
      swiftSettings: strict),
    // What the tests of several modules share.
    .target(name: "TestSupport", dependencies: [system], path: "Tests/TestSupport", swiftSettings: strict),
    .testTarget(name: "BytesTests", dependencies: ["TestSupport", "Bytes", system], swiftSettings: strict),
    .testTarget(name: "JSONTests", dependencies: ["JSON", "Bytes"], swiftSettings: strict),
    .testTarget(
      name: "CheckpointTests", dependencies: ["TestSupport", "Checkpoint", "JSON", "Bytes", crypto, system],
      swiftSettings: strict),
    .testTarget(
      name: "SourceFormatsTests",
      dependencies: [
        "TestSupport", "attnconv", "SourceFormats", "Checkpoint", "JSON", "Bytes", crypto, system,
      ],
      swiftSettings: strict),
    .testTarget(
      name: "ArchitecturesTests", dependencies: ["Architectures", "JSON", "Bytes"], swiftSettings: strict),
    .testTarget(
      name: "VerificationTests",
      dependencies: [
        "TestSupport", "attnconv", "Verification", "Conversion", "SourceFormats", "Execution",
        "Architectures", "Checkpoint", "JSON",
        "Bytes",
        crypto, system,
      ],
      swiftSettings: strict),
    .testTarget(
      name: "ExecutionTests",
      dependencies: ["Execution", "Architectures", "Checkpoint", "JSON", "Bytes", crypto, system],
      swiftSettings: strict),
    .testTarget(
      name: "ConversionTests",
      dependencies: [
        "TestSupport", "attnconv", "Conversion", "SourceFormats", "Architectures", "Checkpoint", "JSON",
        "Bytes", crypto,
        system,
      ],
      swiftSettings: strict),
    .testTarget(
      name: "CommandLineTests",
      dependencies: [
        "TestSupport", "attnconv", "Execution", "JSON",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
        system,
      ],
      exclude: ["Golden"],
      swiftSettings: strict),
    // Optional: where the header is missing, the module cannot be imported and the engine is left out.
    .systemLibrary(name: "COneDNN", providers: [.apt(["libdnnl-dev"]), .brew(["onednn"])]),
    .systemLibrary(name: "CReservation"),
    // Headers only: the worker process loads the library when it starts.
    .systemLibrary(name: "CHDF5", providers: [.apt(["libhdf5-dev"]), .brew(["hdf5"])]),
    .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"]), .brew(["zlib"])]),
  ]
)

// Random bytes for the readers (`make fuzz`). Not part of other builds: it links only with libFuzzer and instrumented code.
if Context.environment["ATTNCONV_FUZZING"] != nil {
  package.targets.append(
    .executableTarget(
      name: "Fuzzing",
      dependencies: [
        "Verification", "Conversion", "HDF5Worker", "SourceFormats", "Architectures", "Checkpoint", "JSON",
        "Bytes", system,
      ],
      path: "Tests/Fuzzing/Sources",
      swiftSettings: strict))
}

// Tests with a sanitizer (`make sanitizers`) take several times as long. What they test is optimized, so that they end.
if Context.environment["ATTNCONV_SANITIZING"] != nil {
  for target in package.targets where !target.isTest && target.swiftSettings != nil {
    target.swiftSettings?.append(.unsafeFlags(["-O"]))
  }
}
