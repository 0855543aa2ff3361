import ArgumentParser
import Bytes
import JSON

/// Prints results to standard output and messages to standard error, as text or as JSON.
struct Reporter {
  /// The version of the JSON objects that are printed; `Schemas/` describes them.
  static let schemaVersion = 1

  private let command: String
  private let options: ReportOptions
  private let usesColor: Bool

  init(command: String, options: ReportOptions) {
    self.command = command
    self.options = options
    usesColor = Terminal.usesColor(options.color)
  }

  /// Prints lines of the result, unless JSON was asked for.
  func print(_ lines: [String]) {
    guard !options.json else { return }
    for line in lines { Terminal.result(VisibleText.of(line)) }
  }

  /// Prints one JSON object with sorted keys.
  func printJSON(_ members: [String: JSONValue]) {
    var all = members
    all["command"] = .string(command)
    all["schemaVersion"] = .integer(Self.schemaVersion)
    let text = JSONValue.object(all.map { JSONValue.Member($0.key, $0.value) }).text(indented: true)
    // Only strings hold this beginning of a command to CI systems (``VisibleText``).
    Terminal.result(text.replacing("##", with: #"#\u0023"#))
  }

  /// Prints warnings.
  func warn(_ warnings: [String]) {
    for warning in warnings { Terminal.message(colored("warning:", "33") + " " + VisibleText.of(warning)) }
  }

  /// Prints what to do next.
  func hint(_ hint: String) { Terminal.message(colored("hint:", "36") + " " + VisibleText.of(hint)) }

  /// Prints an error and returns it as JSON.
  @discardableResult
  func explain(_ error: any Error, file: String? = nil) -> JSONValue {
    guard let error = error as? any ExplainedError else {
      Terminal.message(colored("error:", "31") + " \(error)")
      return ["error": ["identifier": "unknown", "message": .string("\(error)")], "status": "failed"]
    }
    let place = error.file ?? file
    var message = (place.map { "\($0): " } ?? "") + error.message
    // Of a pickle the message says it already, with the opcode.
    if let offset = error.offset, !error.message.contains("at byte \(offset):") {
      message += " (at byte \(offset))"
    }
    Terminal.message(colored("error:", "31") + " " + VisibleText.of(message))
    if let hint = error.hint { self.hint(hint) }
    var members: [JSONValue.Member] = [
      .init("error", Self.json(error, file: place)), .init("status", "failed"),
    ]
    if let file { members.append(.init("file", .string(file))) }
    return .object(members)
  }

  /// An error for programs.
  static func json(_ error: any ExplainedError, file: String?) -> JSONValue {
    var members: [JSONValue.Member] = [
      .init("identifier", .string(error.identifier)), .init("message", .string(error.message)),
    ]
    if let file = error.file ?? file { members.append(.init("file", .string(file))) }
    if let offset = error.offset { members.append(.init("offset", .integer(Int(clamping: offset)))) }
    if let hint = error.hint { members.append(.init("hint", .string(hint))) }
    return .object(members)
  }

  /// Reports an error as the result of the whole command and returns what ends the program.
  func fail(_ error: any Error, file: String? = nil) -> ExitCode {
    let json = explain(error, file: file)
    if options.json, let members = json.objectValue {
      printJSON(Dictionary(uniqueKeysWithValues: members.map { ($0.name, $0.value) }))
    }
    return ExitCode(ExitStatus(error).rawValue)
  }

  private func colored(_ text: String, _ code: String) -> String {
    usesColor ? "\u{1B}[1;\(code)m\(text)\u{1B}[0m" : text
  }
}
