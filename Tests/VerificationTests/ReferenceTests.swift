import Bytes
import Checkpoint
import Execution
import JSON
import SystemPackage
import Testing
import Verification
import TestSupport

@Suite struct ReferenceTests {
  private let directory: TemporaryDirectory

  init() throws { directory = try TemporaryDirectory() }

  private static let input: (shape: [Int], values: [Float]) = ([1, 2, 1, 2], [1, 2, 3, 4])
  private static let output: (shape: [Int], values: [Float]) = ([1, 3], [5, 6, 7])

  private func path(_ file: PlainFile) throws -> FilePath {
    try directory.create("reference.safetensors", file.bytes())
  }

  /// The error of a reference whose tensors are wrong.
  private func fault(_ text: String, _ faults: ReferenceFault...) -> VerificationError {
    VerificationError(
      .malformedReference, "not a reference: \(text)", file: directory.file("reference.safetensors").string,
      hint: "record one with record_reference.py, or save F32 tensors \"input\" and \"output\"",
      faults: faults)
  }

  @Test func `input and output are enough`() throws {
    let reference = try Reference(path(PlainFile(["input": Self.input, "output": Self.output])))
    #expect(reference.input == (try Tensor(shape: [1, 2, 1, 2], values: [1, 2, 3, 4])))
    #expect(try reference.file.tensor(reference.output) == Tensor(shape: [1, 3], values: [5, 6, 7]))
    #expect(reference.taps == [])
    #expect(reference.provenance == nil)
  }

  @Test func `taps are read in the order of their names`() throws {
    let reference = try Reference(
      path(
        PlainFile(["input": Self.input, "output": Self.output, "taps.b": Self.output, "taps.a": Self.input])))
    #expect(reference.taps.map(\.name) == ["taps.a", "taps.b"])
  }

  @Test func `metadata says where the reference comes from`() throws {
    var file = PlainFile(["input": Self.input, "output": Self.output])
    let digest = String(repeating: "0a", count: 32)
    file.metadata = [
      ("format", "pt"),
      (
        "attnconv.reference",
        #"{"producer": "p", "framework": "torch 2", "model": "m.M", "sourceSha256": "\#(digest)", "tapNames": "source", "more": 1}"#
      ),
    ]
    let provenance = try Reference(path(file)).provenance
    #expect(provenance?.producer == "p")
    #expect(provenance?.framework == "torch 2")
    #expect(provenance?.model == "m.M")
    #expect(provenance?.sourceSHA256 == digest)
    #expect(provenance?.tapNames == .source)
    #expect(provenance?.json["more"] == 1)
  }

  @Test(arguments: [
    ("{", "is not valid JSON: expected the name of a member in quotes"),
    ("[1]", "found array, expected an object"),
    (#"{"model": 1}"#, "\"model\": found integer, expected a string"),
    (#"{"tapNames": "mine"}"#, "\"tapNames\": found \"mine\", expected \"canonical\" or \"source\""),
    (#"{"sourceSha256": "AB"}"#, "\"sourceSha256\": found \"AB\", expected 64 lower-case hexadecimal digits"),
  ])
  func `wrong metadata is refused`(_ text: String, _ message: String) throws {
    var file = PlainFile(["input": Self.input, "output": Self.output])
    file.metadata = [("attnconv.reference", text)]
    let path = try path(file)
    #expect(
      throws: VerificationError(
        .malformedReference, "metadata attnconv.reference \(message)", file: path.string)
    ) { try Reference(path) }
  }

  @Test func `missing tensors are named`() throws {
    let path = try path(PlainFile(["outptu": Self.output]))
    #expect(
      throws: fault(
        "\"input\": found no such tensor, expected F32; "
          + "\"outptu\": found an unknown tensor, expected \"input\", \"output\" or \"taps.<node>\" "
          + "(did you mean \"output\"?); \"output\": found no such tensor, expected F32",
        ReferenceFault("input", found: "no such tensor", expected: "F32"),
        ReferenceFault(
          "outptu", found: "an unknown tensor", expected: "\"input\", \"output\" or \"taps.<node>\"",
          suggestion: "output"),
        ReferenceFault("output", found: "no such tensor", expected: "F32"))
    ) { try Reference(path) }
  }

  @Test func `tensors that are neither input, output nor taps are refused`() throws {
    let path = try path(PlainFile(["input": Self.input, "output": Self.output, "tap.stem.relu": Self.input]))
    #expect(
      throws: fault(
        "\"tap.stem.relu\": found an unknown tensor, expected \"input\", \"output\" or \"taps.<node>\" "
          + "(did you mean \"taps.stem.relu\"?)",
        ReferenceFault(
          "tap.stem.relu", found: "an unknown tensor", expected: "\"input\", \"output\" or \"taps.<node>\"",
          suggestion: "taps.stem.relu"))
    ) { try Reference(path) }
  }

  @Test func `wrong element types and shapes are told together`() throws {
    var file = PlainFile(["input": ([2, 2], [1, 2, 3, 4]), "taps.a": ([0, 3], [])])
    file.entries["output"] = .init(elementType: .float64, shape: [1], bytes: .init(repeating: 0, count: 8))
    let path = try path(file)
    let sides = "4 sides: batch, channels, height, width"
    #expect(
      throws: fault(
        "\"input\": found shape [2, 2], expected \(sides); \"output\": found F64, expected F32; "
          + "\"taps.a\": found shape [0, 3], expected at least one element for each image",
        ReferenceFault("input", found: "shape [2, 2]", expected: sides),
        ReferenceFault("output", found: "F64", expected: "F32"),
        ReferenceFault("taps.a", found: "shape [0, 3]", expected: "at least one element for each image"))
    ) { try Reference(path) }
  }

  @Test func `an input that is not finite is refused`() throws {
    let path = try path(PlainFile(["input": ([1, 2, 1, 2], [1, 2, .nan, 4]), "output": Self.output]))
    #expect(
      throws: VerificationError(
        .malformedReference, "not a reference: \"input\": found nan at [0, 1, 0, 0], expected finite numbers",
        file: path.string,
        faults: [ReferenceFault("input", found: "nan at [0, 1, 0, 0]", expected: "finite numbers")])
    ) { try Reference(path) }
  }

  @Test func `a checkpoint is no reference`() throws {
    let path = ReferenceCase("module-nam").checkpointPath
    #expect(
      throws: VerificationError(
        .malformedReference, "found a canonical checkpoint, expected recorded outputs", file: path.string,
        hint: "name the checkpoint first, then --reference with the recorded outputs")
    ) { try Reference(path) }
  }

  @Test func `a file that is missing keeps the reason`() throws {
    let path = directory.file("nowhere")
    let error = VerificationError(
      BytesError(.cannotOpen, "no such file or directory", file: path.string, hint: "check the path"))
    #expect(throws: error) { try Reference(path) }
    #expect(error.identifier == "cannot-open")
  }

  @Test func `every truncation is an error`() throws {
    let bytes = try PlainFile(["input": Self.input, "output": Self.output]).bytes()
    for count in 0..<bytes.count {
      let path = try directory.create("cut", Array(bytes.prefix(count)))
      let error = #expect(throws: VerificationError.self) { try Reference(path) }
      #expect(error?.file == path.string)
    }
  }

  @Test func `every flipped byte is an error or another reference`() throws {
    let bytes = try PlainFile(["input": Self.input, "output": Self.output, "taps.a": Self.output]).bytes()
    for index in bytes.indices {
      var changed = bytes
      changed[index] ^= 0xFF
      let path = try directory.create("changed", changed)
      do throws(VerificationError) {
        _ = try Reference(path)
      } catch {
        #expect(error.file == path.string)
      }
    }
  }

  @Test func `the input of a run may have any name where it is the only tensor`() throws {
    let path = try path(PlainFile(["x": Self.input]))
    #expect(try TensorFile(path).input() == Tensor(shape: [1, 2, 1, 2], values: [1, 2, 3, 4]))
  }

  @Test func `an input that cannot be told is refused`() throws {
    let path = try path(PlainFile(["x": Self.input, "y": Self.input]))
    #expect(
      throws: VerificationError(
        .malformedInput, "found \"x\", \"y\", expected a tensor \"input\" or only one tensor",
        file: path.string,
        hint: "save the batch [N, C, H, W] as the tensor \"input\"")
    ) { try TensorFile(path).input() }
  }

  @Test func `what is written is read back`() throws {
    let tensor = try Tensor<Float>(shape: [2, 2], values: [1, -.infinity, .leastNonzeroMagnitude, 0.1])
    let path = directory.file("written")
    let count = try TensorFile.write(["output": tensor], to: path, overwrite: false)
    #expect(try directory.bytes(of: "written").count == Int(count))
    let file = try TensorFile(path)
    let record = try #require(file.record("output"))
    #expect(try file.tensor(record) == tensor)
    #expect(throws: VerificationError.self) {
      try TensorFile.write(["output": tensor], to: path, overwrite: false)
    }
    try TensorFile.write(["output": tensor], to: path, overwrite: true)
  }
}
