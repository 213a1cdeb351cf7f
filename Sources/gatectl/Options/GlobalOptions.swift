import ArgumentParser
import Foundation

/// ArgumentParser's word, not the core's, within this program.
typealias Flag<Value> = ArgumentParser.Flag<Value>

/// What every command takes, before or after its own words: which server, with which token, in which form.
struct GlobalOptions: ParsableArguments {
    @Option(name: .shortAndLong, help: "How to print: table or json, the API's own bodies. json unless standard output is a terminal.")
    var output: OutputForm?

    @Flag(name: .customLong("no-input"), help: "Never ask; refuse what would need an answer.")
    var noInput = false

    @Option(help: ArgumentHelp("The server (else GATE_URL, else the context's).", valueName: "url"))
    var url: String?

    @Option(name: .customLong("token-file"), help: "A file with the API token (else GATE_TOKEN, else the context's).", completion: .file())
    var tokenFile: String?

    @Option(help: ArgumentHelp("A named server (else GATE_CONTEXT, else the current one).", valueName: "name"))
    var context: String?
}

/// The examples of a command's help. A line too long for a terminal goes on in the next one, at an option, as a shell reads it.
func examples(_ lines: String...) -> String {
    let folded = lines.map { line in
        var rows = [""]
        for (index, part) in line.components(separatedBy: " --").enumerated() {
            let word = index == 0 ? part : " --" + part
            if rows[rows.count - 1].count + word.count > 72 { rows.append("   " + word) } else { rows[rows.count - 1] += word }
        }
        return "  " + rows.joined(separator: " \\\n")
    }
    return "Examples:\n" + folded.joined(separator: "\n")
}
