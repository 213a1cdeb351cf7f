import Foundation
import GateCore
import Logging
import Synchronization
import Testing

@testable import GateServer

/// What a line of the log is, whatever somebody logs.
@Suite("Log lines")
struct LogLineTests {
    private static let at = Timestamp(microseconds: 1_796_000_000_123_456)

    private static func line(_ message: String, _ metadata: Logger.Metadata = [:]) -> LogLine {
        LogLine(at: at, level: .info, logger: "gate", message: message, metadata: metadata)
    }

    private static func text(_ line: LogLine, _ format: LogLine.Format = .json) -> String { String(decoding: line.bytes(format), as: UTF8.self) }

    @Test("It is one JSON object with time, level, logger, message and the metadata, by name")
    func json() throws {
        let line = Self.line(
            "done", ["b": "two", "a": "one", "n": .stringConvertible(7), "d": .stringConvertible(0.5), "t": .stringConvertible(true), "ts": "mine"])
        #expect(
            Self.text(line)
                == #"{"ts":"2026-11-30T00:53:20.123456Z","level":"info","logger":"gate","message":"done","a":"one","b":"two","d":0.5,"n":7,"#
                + #""t":"true","metadata.ts":"mine"}"# + "\n")
        #expect(Self.text(line, .text) == #"2026-11-30T00:53:20.123456Z info gate: done a="one" b="two" d=0.5 n=7 t="true" ts="mine""# + "\n")
    }

    @Test("Metadata in metadata is flat, and a request's id has the name of its header")
    func flat() throws {
        let line = Self.line("m", ["d": ["y": "2", "x": ["z": "1"]], "l": ["a", "b"], "hb.request.id": "id-1", "e": .array([])])
        let json = try JSONParser.parse(line.bytes(.json).dropLast())
        #expect(json.objectValue?.members.map(\.name) == ["ts", "level", "logger", "message", "d.x.z", "d.y", "e", "l", "request_id"])
        #expect(json["d.x.z"] == "1" && json["l"] == "a, b" && json["request_id"] == "id-1" && json["e"] == "")
    }

    @Test(
        "Nothing that is logged makes a second line, moves a cursor or turns text around",
        arguments: [
            ("a\nb", #"a\nb"#), ("a\r\n", #"a\r\n"#), ("\t", #"\t"#), ("\u{1B}[31m", #"\u001b[31m"#), ("\0", #"\u0000"#), ("\u{7F}", #"\u007f"#),
            ("\u{9B}2J", #"\u009b2J"#), ("\u{85}", #"\u0085"#), ("\u{2028}\u{2029}", #"\u2028\u2029"#), ("\u{202E}x", #"\u202ex"#),
            ("\u{E0001}", #"\udb40\udc01"#), (#"a"b\c"#, #"a\"b\\c"#), ("é 日本 🙂", "é 日本 🙂"),
        ])
    func escaped(logged: String, written: String) throws {
        for format in LogLine.Format.allCases {
            let line = Self.line(logged, [logged: "\(logged)"])
            let bytes = line.bytes(format)
            #expect(bytes.filter { $0 == 0x0A }.count == 1 && bytes.last == 0x0A)
            #expect(!bytes.dropLast().contains { $0 < 0x20 || $0 == 0x7F })
            #expect(Self.text(line, format).contains(written))
        }
        let json = try JSONParser.parse(Self.line(logged, ["v": "\(logged)"]).bytes(.json).dropLast())
        #expect(json["message"] == .string(logged) && json["v"] == .string(logged))
    }

    @Test("What is very long is cut, and says so")
    func long() throws {
        let json = try JSONParser.parse(Self.line(String(repeating: "x", count: 10_000)).bytes(.json).dropLast())
        #expect(json["message"]?.stringValue == String(repeating: "x", count: LogLine.longest) + "…")
        let whole = String(repeating: "y", count: LogLine.longest)
        #expect(try JSONParser.parse(Self.line(whole).bytes(.json).dropLast())["message"] == .string(whole))
    }

    @Test("The handler keeps its own metadata, a provider's and the event's, the last counting, and adds the error")
    func handler() throws {
        struct Broken: Error {}
        let lines = Mutex<[[UInt8]]>([])
        var logger = Logger(label: "x") { label in
            var handler = LineLogHandler(label: label, .json, level: .notice, clock: { Self.at }) { line in lines.withLock { $0.append(line) } }
            handler.metadataProvider = Logger.MetadataProvider { ["a": "provider", "b": "provider"] }
            return handler
        }
        logger[metadataKey: "a"] = "logger"
        logger[metadataKey: "c"] = "logger"
        logger.info("not this one")
        logger.warning("this one", error: Broken(), metadata: ["c": "event"])
        let written = lines.withLock { $0 }
        #expect(written.count == 1)
        let json = try JSONParser.parse(try #require(written.first).dropLast())
        #expect(json["a"] == "provider" && json["b"] == "provider" && json["c"] == "event" && json["error"] == "Broken()")
        #expect(json["level"] == "warning" && json["logger"] == "x")
    }

    @Test("The sink writes what it is given in its order, and drops what a reader that stands still would make it keep")
    func sink() throws {
        var ends: [Int32] = [0, 0]
        try #require(pipe(&ends) == 0)
        let sink = LogSink(ends[1])
        let line = [UInt8](repeating: UInt8(ascii: "x"), count: 1_023) + [0x0A]
        for _ in 0..<5_000 { sink.put(line) }
        let dropped = sink.dropped
        #expect(dropped > 3_000 && dropped < 5_000)
        sink.put(Array("last\n".utf8))
        // Somebody reads again: what was kept comes whole.
        var read: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        let expected = (5_000 - dropped) * line.count
        while read.count < expected {
            let count = buffer.withUnsafeMutableBytes { Foundation.read(ends[0], $0.baseAddress, $0.count) }
            try #require(count > 0)
            read += buffer[..<count]
        }
        sink.flush()
        #expect(read.split(separator: 0x0A).allSatisfy { $0.count == 1_023 || Array($0) == Array("last".utf8) })
        close(ends[0])
        close(ends[1])
    }
}
