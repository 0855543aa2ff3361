/// A line by which a program tells GitHub Actions to annotate a file.
///
/// The runner takes such lines from standard error as well as from standard output (actions/runner,
/// `ScriptHandler.cs`: both go through the same `OutputManager`). What has to be escaped is in its `ActionCommand.cs`.
struct WorkflowCommand {
  /// How bad it is, as GitHub calls it.
  enum Level: String { case error, warning }

  let level: Level
  /// What the annotation is called.
  let title: String
  /// The text, a line each.
  let lines: [String]
  /// The file, relative to the repository, and the line of it; `nil` where it is not part of the repository.
  let place: (file: String, line: Int?)?

  /// The line to print.
  var text: String {
    var properties: [String] = []
    if let place {
      properties.append("file=" + Self.property(place.file))
      if let line = place.line { properties.append("line=\(line)") }
    }
    properties.append("title=" + Self.property(VisibleText.of(title)))
    let message = Self.escaped(lines.map(VisibleText.of).joined(separator: "\n"))
    return "::\(level.rawValue) \(properties.joined(separator: ","))::\(message)"
  }

  private static func property(_ text: String) -> String {
    escaped(text).replacing(":", with: "%3A").replacing(",", with: "%2C")
  }

  private static func escaped(_ text: String) -> String {
    text.replacing("%", with: "%25").replacing("\r", with: "%0D").replacing("\n", with: "%0A")
  }
}
