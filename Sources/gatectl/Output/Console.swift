import ArgumentParser
import Dispatch
import Foundation
import GateCore

/// In which form a command's answer is printed.
enum OutputForm: String, CaseIterable, ExpressibleByArgument, Sendable {
    /// For people.
    case table
    /// The API's own bodies, unchanged.
    case json
}

/// The terminal, or what stands in its place: answers to standard output, everything else to standard error.
struct Console: Sendable {
    let output: OutputForm
    /// Whether somebody is there to answer a question.
    let mayAsk: Bool
    /// Whether standard error is a terminal, so that progress may be shown on it.
    let showsProgress: Bool
    private let answersInColour: Bool
    private let messagesInColour: Bool
    private let escapesJSON: Bool

    init(_ options: GlobalOptions, environment: [String: String]) {
        let (answersOnTerminal, messagesOnTerminal) = (isatty(STDOUT_FILENO) == 1, isatty(STDERR_FILENO) == 1)
        let wantsColour = (environment["NO_COLOR"] ?? "").isEmpty && environment["TERM"] != "dumb"
        output = options.output ?? (answersOnTerminal ? .table : .json)
        mayAsk = !options.noInput && messagesOnTerminal && Self.inputIsTerminal
        showsProgress = messagesOnTerminal
        answersInColour = answersOnTerminal && wantsColour
        messagesInColour = messagesOnTerminal && wantsColour
        escapesJSON = answersOnTerminal
    }

    static var inputIsTerminal: Bool { isatty(STDIN_FILENO) == 1 }

    /// Prints an answer for people.
    func show(_ lines: [Line]) throws {
        try write(lines.map { $0.written(inColour: answersInColour) + "\n" }.joined())
    }

    /// Prints a body of the API as it came, with a line's end.
    func show(body: [UInt8]) throws {
        if escapesJSON { try write(String(decoding: body, as: UTF8.self).printableJSON + "\n") } else { try write(body + [UInt8(ascii: "\n")]) }
    }

    /// Prints an answer that is made here, in whichever form was asked for.
    func show(_ value: JSONValue, as lines: @autoclosure () -> [Line]) throws {
        switch output {
        case .json: try show(body: JSONWriter.bytes(value))
        case .table: try show(lines())
        }
    }

    /// Says something beside the answer: a warning, a step of the way.
    func tell(_ lines: [Line]) {
        let text = lines.map { $0.written(inColour: messagesInColour) + "\n" }.joined()
        try? FileHandle.standardError.write(contentsOf: Data(text.utf8))
    }

    func warn(_ text: String) { tell([["gatectl: ", Span("warning: ", .caution), Span(text)]]) }

    func report(_ failure: Failure) {
        guard output == .table else {
            let text = JSONValue.object(failure.problem.body).text
            try? FileHandle.standardError.write(contentsOf: Data((messagesInColour ? text.printableJSON : text).utf8 + [UInt8(ascii: "\n")]))
            return
        }
        let followUps = failure.problem.facts + failure.advice + failure.problem.next
        tell([["gatectl: ", Span(failure.problem.detail, .bad)]] + followUps.map { Line($0).indented() })
    }

    /// Rewrites the line of progress on standard error.
    func progress(_ text: String, isLast: Bool = false) {
        guard showsProgress else { return }
        try? FileHandle.standardError.write(contentsOf: Data("\r\(text.printable)\u{1B}[K\(isLast ? "\n" : "")".utf8))
    }

    /// Asks for one line of text; nil when the input ends.
    func ask(_ question: String) -> String? {
        try? FileHandle.standardError.write(contentsOf: Data("\(question): ".utf8))
        return readLine()?.trimmingCharacters(in: .whitespaces)
    }

    /// Asks for a line that is not shown while it is typed. An interrupt leaves the terminal as it was.
    func askSecretly(_ question: String) -> String? {
        var shown = termios()
        guard tcgetattr(STDIN_FILENO, &shown) == 0 else { return nil }
        let before = shown
        let restore: @Sendable () -> Void = {
            var settings = before
            tcsetattr(STDIN_FILENO, TCSAFLUSH, &settings)
        }
        signal(SIGINT, SIG_IGN)
        let interrupt = DispatchSource.makeSignalSource(signal: SIGINT, queue: .global())
        interrupt.setEventHandler {
            restore()
            exit(130)
        }
        interrupt.resume()
        defer {
            interrupt.cancel()
            signal(SIGINT, SIG_DFL)
            restore()
            tell([""])
        }
        shown.c_lflag &= ~tcflag_t(ECHO)
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &shown)
        return ask(question)
    }

    private func write(_ bytes: some Sequence<UInt8>) throws {
        do {
            try FileHandle.standardOutput.write(contentsOf: Data(bytes))
        } catch {
            throw Failure(.failed, "output_failed", "the answer could not be written to standard output")
        }
    }

    private func write(_ text: String) throws { try write(text.utf8) }
}
