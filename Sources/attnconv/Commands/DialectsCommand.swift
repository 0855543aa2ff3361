import ArgumentParser
import Conversion
import JSON

/// `attnconv dialects`: the code bases whose names are known.
struct DialectsCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "dialects", abstract: "List the code bases whose names are known.")

  @OptionGroup(title: "Reports") var report: ReportOptions

  func run() async throws {
    let reporter = Reporter(command: "dialects", options: report)
    do {
      let library = try DialectLibrary()
      var table = TextTable([("dialect", .left), ("what", .left), ("source", .left)])
      for dialect in library.dialects { table.append([dialect.name, dialect.title, dialect.source]) }
      reporter.print(table.lines)
      if report.json {
        reporter.printJSON([
          "status": "listed",
          "dialects": .array(
            library.dialects.map {
              ["name": .string($0.name), "title": .string($0.title), "source": .string($0.source)]
            }),
        ])
      }
    } catch {
      throw reporter.fail(error)
    }
  }
}
