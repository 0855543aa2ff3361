#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The whole program: libFuzzer with the target that the variable `FUZZ_TARGET` names.
///
/// One program for all targets is quicker to build. The name is a variable and no argument, so that the processes that
/// libFuzzer starts of itself (`-fork`, `-merge`, `-minimize_crash`) have it too.
@main
enum Fuzzer {
  /// Every target by its name. A target takes one input and returns where it keeps all rules; it traps where it does not.
  static let targets: [String: @Sendable ([UInt8]) -> Void] = [
    "dialect": DialectTarget.run,
    "hdf5": HDF5Target.run,
    "hdf5-index": HDF5IndexTarget.run,
    "keras-model": KerasModelTarget.run,
    "legacy": LegacyTarget.run,
    "network": NetworkTarget.run,
    "pickle": PickleTarget.run,
    "pins": PinsTarget.run,
    "safetensors": SafetensorsTarget.run,
    "zip": ZipTarget.run,
  ]

  static let target: (@Sendable ([UInt8]) -> Void)? = unsafe getenv("FUZZ_TARGET").flatMap {
    unsafe targets[String(cString: $0)]
  }

  static func main() {
    guard target != nil else {
      print("FUZZ_TARGET must be one of " + targets.keys.sorted().joined(separator: ", "))
      exit(64)
    }
    var count = CommandLine.argc
    var arguments = unsafe CommandLine.unsafeArgv
    exit(
      unsafe runDriver(&count, &arguments) { bytes, count in
        // An array of exactly these bytes, so that reading past its end is seen.
        unsafe Fuzzer.target?(Array(UnsafeBufferPointer(start: bytes, count: count)))
        return 0
      })
  }
}

/// libFuzzer's entry for programs with a `main` of their own (llvm.org/docs/LibFuzzer.html, "Using libFuzzer as a
/// library").
@_silgen_name("LLVMFuzzerRunDriver")
private func runDriver(
  _ count: UnsafeMutablePointer<CInt>,
  _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>>,
  _ body: @convention(c) (UnsafePointer<UInt8>?, Int) -> CInt
) -> CInt

/// Ends the run as a finding where a rule does not hold; in release builds too, which `assert` is not.
func require(_ holds: Bool, _ rule: @autoclosure () -> String) {
  if !holds { fatalError("broken rule: " + rule()) }
}
