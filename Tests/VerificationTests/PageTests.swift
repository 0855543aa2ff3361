import Checkpoint
import Execution
import SystemPackage
import TestSupport
import Testing
import Verification

/// `verify --report`: the page that the built binary writes. `Tests/Interoperability` reads it as a browser does.
@Suite struct PageTests {
  private let directory: TemporaryDirectory

  init() throws { directory = try TemporaryDirectory() }

  private func verify(_ checkpoint: String, _ reference: FilePath, _ options: String...) async throws
    -> Program.Outcome
  {
    try await Program(in: directory).run(
      ["verify", checkpoint, "--reference", reference.string, "--report", "page.html"] + options)
  }

  private func page() throws -> String {
    String(decoding: try directory.bytes(of: "page.html"), as: UTF8.self)
  }

  @Test(arguments: ReferenceCase.all)
  func `a network that agrees gives a page that says so`(_ row: ReferenceCase) async throws {
    let outcome = try await verify(row.checkpointPath.string, row.referencePath)
    #expect(outcome.status == 0, "\(outcome.messages)")
    let page = try page()
    #expect(page.hasPrefix("<!DOCTYPE html>\n<html lang=\"en\">"))
    #expect(page.contains("<p class=\"word\">Passed</p>"))
    #expect(page.contains(try row.checkpoint().metadata.content))
    #expect(!page.contains("href=\"#mark-fail\" class=\"fail\" x="))
    for tap in try row.reference().taps { #expect(page.contains("<code>\(tap.name)</code>")) }
    #expect(try directory.names() == ["page.html"])
  }

  @Test func `a network that differs gives a page, too`() async throws {
    let row = ReferenceCase("module-cbam-k49")
    var changed = try ChangedCheckpoint(row.checkpoint())
    changed.swapPools("attention.spatial.conv.weight")
    let path = try directory.create("changed.safetensors", changed.bytes())
    let outcome = try await verify(path.string, row.referencePath)
    #expect(outcome.status == 1)
    let page = try page()
    #expect(page.contains("<p class=\"word\">Failed</p>"))
    #expect(page.contains("the first is attention.spatial.conv."))
    #expect(page.contains("<code>attention.spatial.conv</code> differs by "))
    #expect(page.contains("<b>Likely cause: </b>"))
    #expect(page.ranges(of: "href=\"#mark-fail\" class=\"fail\" x=").count == 2)
    #expect(page.contains("first to differ"))
  }

  @Test func `numbers that are not finite stand above the scale`() async throws {
    let row = ReferenceCase("module-nam")
    var changed = try ChangedCheckpoint(row.checkpoint())
    changed.change("attention.channel.norm.weight") { [Float.infinity] + $1.dropFirst() }
    let path = try directory.create("changed.safetensors", changed.bytes())
    #expect(try await verify(path.string, row.referencePath).status == 1)
    let page = try page()
    #expect(page.contains("<title>taps.attention.channel.norm: not finite</title>"))
    #expect(page.contains("1 NaN or infinite"))
    #expect(page.contains("</code>: the network gives NaN or infinity in "))
    #expect(!page.contains("=\"nan"))
    #expect(!page.contains("=\"inf"))
  }

  @Test func `what cannot be verified gives a page that says why`() async throws {
    let outcome = try await verify("nowhere.safetensors", ReferenceCase("module-nam").referencePath)
    #expect(outcome.status == 2)
    let page = try page()
    #expect(page.contains("<p class=\"word\">Not verified</p>"))
    #expect(page.contains("<p>no such file or directory</p>"))
    #expect(page.contains("<p>Hint: check the path</p>"))
  }

  @Test func `the same verification gives the same bytes, and replaces an older page`() async throws {
    let row = ReferenceCase("module-bam")
    #expect(try await verify(row.checkpointPath.string, row.referencePath).status == 0)
    let first = try page()
    #expect(try await verify("nowhere.safetensors", row.referencePath).status == 2)
    #expect(try page() != first)
    #expect(try await verify(row.checkpointPath.string, row.referencePath, "--threads", "1").status == 0)
    #expect(try page() == first)
  }

  @Test func `no other file is replaced`() async throws {
    let row = ReferenceCase("module-nam")
    let bytes = Array(try row.checkpoint().metadata.content.utf8)
    _ = try directory.create("page.html", bytes)
    let outcome = try await verify(row.checkpointPath.string, row.referencePath)
    #expect(outcome.status == 2)
    #expect(outcome.output == "")
    #expect(
      outcome.messages == """
        error: page.html: found a file that is no report; only an older report is replaced
        hint: name another file with --report

        """)
    #expect(try directory.bytes(of: "page.html") == bytes)
  }

  @Test func `a page that cannot be written is known before the work`() async throws {
    let row = ReferenceCase("module-nam")
    let outcome = try await Program(in: directory).run([
      "verify", row.checkpointPath.string, "--reference", row.referencePath.string, "--report",
      "nowhere/page.html",
    ])
    #expect(outcome.status == 2)
    #expect(outcome.output == "")
    #expect(outcome.messages.hasPrefix("error: nowhere: cannot create a file in this directory: "))
  }

  @Test func `names from files are inert`() async throws {
    let row = ReferenceCase("module-nam")
    let original = try row.reference()
    var file = PlainFile()
    for record in original.file.header.tensors {
      file[record.name] = (record.shape, try original.file.tensor(record).values)
    }
    let model = "<script>alert(1)</script>\\u202e\\u0000 \\\" onload='x' &lt;"
    file.metadata = [("attnconv.reference", "{\"model\":\"\(model)\"}")]
    let reference = try directory.create("r'><img src=x onerror=alert(2)>", file.bytes())
    #expect(try await verify(row.checkpointPath.string, reference).status == 0)
    let page = try page()
    #expect(!page.contains("<script"))
    #expect(!page.contains("<img"))
    #expect(
      page.contains(
        "&lt;script&gt;alert(1)&lt;/script&gt;\\u{202E}\\u{0} &quot; onload=&#39;x&#39; &amp;lt;"))
    #expect(page.contains("r&#39;&gt;&lt;img src=x onerror=alert(2)&gt;"))
  }
}
