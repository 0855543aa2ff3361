import Bytes
import SourceFormats
import SystemPackage
import Testing

/// Files that are no checkpoints are named for what they are, with what to do.
@Suite struct ForeignFileTests {
  /// A file and the error that it gives.
  struct Row: CustomTestStringConvertible, Sendable {
    var name: String
    var error: SourceError

    var testDescription: String { name }

    init(_ name: String, _ code: SourceError.Code, _ message: String, _ hint: String, offset: UInt64? = nil) {
      self.name = name
      let path = Fixture.root.appending("not-checkpoints").appending(name)
      error = SourceError(code, message, file: path.string, offset: offset, hint: hint)
    }
  }

  private static let table: [Row] = [
    .init(
      "empty.pth", .notACheckpoint,
      "the file is empty",
      "the download or the copy failed; fetch the file again"),
    .init(
      "download-warning.pth", .notACheckpoint,
      "found an HTML page, expected a checkpoint",
      "the server answered with a page (a login, a quota or a virus-scan notice); open the "
        + "link in a browser, download the file itself and try again"),
    .init(
      "git-lfs-pointer.pth", .notACheckpoint,
      "found a git-lfs pointer, the file itself was not fetched",
      "run 'git lfs pull' in the repository"),
    .init(
      "compressed.pth.gz", .notACheckpoint,
      "found a gzip archive, expected a checkpoint",
      "unpack it and name the checkpoint inside: gzip -dk FILE"),
    .init(
      "packed.7z", .notACheckpoint,
      "found a 7z archive, expected a checkpoint",
      "unpack it and name the checkpoint inside"),
    .init(
      "text.tar", .notACheckpoint,
      "found a tar archive, expected a checkpoint",
      "unpack it and name the checkpoint inside: tar -xf FILE"),
    .init(
      "torch-0.1.9.pth.tar", .unsupported,
      "found a PyTorch tar archive, which versions before 0.1.10 (2017) wrote and which is "
        + "not read",
      #"in Python, if you trust the file: torch.save(torch.load("FILE", weights_only=False), "#
        + #""converted.pth")"#),
    .init(
      "truncated-zip.pth", .truncated,
      "the file stops at byte 1169, before the central directory at the end of every zip "
        + "archive; without it the full size is not known",
      "download the file again and compare its size", offset: 1169),
    .init(
      "truncated-legacy.pth", .truncated,
      "100 bytes are missing: the file has 87580 of 87680 bytes",
      "download the file again", offset: 87580),
    .init(
      "truncated-legacy-pickle.pth", .truncated,
      "the file stops at byte 4000, inside of the pickles that say how long it is; "
        + "LONG_BINPUT at byte 3996: needed 4 more bytes, found 3",
      "download the file again and compare its size", offset: 4000),
    .init(
      "truncated.safetensors", .truncated,
      "the tensors need 232 bytes of data, the file has 222: 10 are missing",
      "the download may be incomplete; fetch the file again", offset: 430),
    .init(
      "truncated-header.safetensors", .truncated,
      "the header claims 200 bytes, the file has 42 after its length field",
      "the download may be incomplete; fetch the file again", offset: 8),
    .init(
      "truncated.h5", .malformed,
      "the HDF5 library cannot open the file: truncated file: eof = 2048, sblock->base_addr = 0, stored_eof = 24328",
      "fetch or save the file again"),
    .init(
      "picture.png", .notACheckpoint,
      "found a PNG image, expected a checkpoint",
      "name the file that holds the weights"),
    .init(
      "network.onnx", .notACheckpoint,
      "found an ONNX model, expected a checkpoint",
      "name the PyTorch or safetensors file it was exported from"),
    .init(
      "arrays.npz", .notACheckpoint,
      "found a NumPy archive (.npz), expected a checkpoint",
      "collect the arrays with their names in a safetensors file"),
    .init(
      "array.npy", .notACheckpoint,
      "found a NumPy array, expected a checkpoint",
      "collect the arrays with their names in a safetensors file"),
    .init(
      "config.json", .notACheckpoint,
      #"a JSON file without "weight_map", expected a checkpoint or a shard index"#,
      "name the file that holds the weights"),
    .init(
      "plain.pkl", .notACheckpoint,
      "found a Python pickle without the header of a PyTorch file",
      "in Python, if you trust the file, which can run anything there, load it and write its state dict: "
        + #"torch.save(state_dict, "weights.pth")"#),
    .init(
      "notes.txt", .notACheckpoint,
      #"found a text file that begins with "resnet50_bam: see the other folder", expected a "#
        + "checkpoint",
      "name the file that holds the weights"),
    .init(
      "zeros.pth", .notACheckpoint,
      "the file begins with 1024 zero bytes",
      "the download or the copy failed; fetch the file again"),
  ]

  @Test func `every file is in the table`() {
    #expect(Set(Self.table.map(\.name)) == Set(Fixture.all(in: "not-checkpoints").map(\.name)))
  }

  @Test(arguments: table)
  func `a file that is no checkpoint is named`(_ row: Row) throws {
    let fixture = try Fixture("not-checkpoints/" + row.name)
    #expect(throws: row.error) { try fixture.open() }
  }

  @Test func `a directory and a path that does not exist are named`() {
    #expect(
      throws: SourceError(
        BytesError(
          .notAFile, "found a directory, expected a file", file: Fixture.root.string,
          hint: "name the checkpoint file inside it"))
    ) { try SourceReader.open(Fixture.root) }
    let nowhere = Fixture.root.appending("nowhere.pth")
    #expect(
      throws: SourceError(
        BytesError(.cannotOpen, "no such file or directory", file: nowhere.string, hint: "check the path"))
    ) { try SourceReader.open(nowhere) }
  }
}
