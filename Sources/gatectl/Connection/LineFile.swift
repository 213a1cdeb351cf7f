import Foundation
import GateCore
import NIOCore

/// A file of JSON lines, read piece by piece as it is sent, so that its size does not matter.
struct LineFile: Sendable {
    private static let pieceSize = 256 << 10

    /// What has been sent so far.
    struct Progress: Sendable {
        var bytes: Int64 = 0
        var lines = 0
    }

    /// `-` is standard input.
    let path: String
    /// In bytes; nil when it is not known before the end.
    let size: Int64?
    let report: @Sendable (Progress) -> Void

    /// - Throws: a usage failure when the file cannot be read, or its first line is no manifest of that kind.
    init(_ path: String, of kind: EntityKind, report: @escaping @Sendable (Progress) -> Void) throws {
        self.path = path
        self.report = report
        guard path != "-" else {
            size = nil
            return
        }
        guard let file = FileHandle(forReadingAtPath: path), let start = try? file.read(upToCount: Self.pieceSize),
            let attributes = try? FileManager.default.attributesOfItem(atPath: path), attributes[.type] as? FileAttributeType == .typeRegular,
            let length = attributes[.size] as? NSNumber
        else { throw Failure(.usage, "file_unreadable", "\(path) cannot be read, or is empty or no plain file") }
        size = length.int64Value
        let firstLine = start.prefix { $0 != UInt8(ascii: "\n") }
        guard firstLine.count < start.count || start.count < Self.pieceSize else { return }
        guard let manifest = try? JSONParser.parse(firstLine), manifest["kind"]?.stringValue == kind.rawValue else {
            throw Failure(
                .usage, "file_unsuitable", "\(path) does not begin with a line of JSON as in {\"kind\":\"\(kind.rawValue)\", …}",
                advice: "each line must be one manifest")
        }
    }

    /// What is sent, read anew each time.
    var pieces: Pieces { Pieces(path: path, report: report) }

    struct Pieces: AsyncSequence, Sendable {
        typealias Element = ByteBuffer

        fileprivate let path: String
        fileprivate let report: @Sendable (Progress) -> Void

        struct AsyncIterator: AsyncIteratorProtocol {
            fileprivate let file: FileHandle?
            fileprivate let report: @Sendable (Progress) -> Void
            fileprivate var progress = Progress()

            mutating func next() async throws -> ByteBuffer? {
                guard let piece = try file?.read(upToCount: LineFile.pieceSize), !piece.isEmpty else { return nil }
                progress.bytes += Int64(piece.count)
                progress.lines += piece.count { $0 == UInt8(ascii: "\n") }
                report(progress)
                return ByteBuffer(bytes: piece)
            }
        }

        func makeAsyncIterator() -> AsyncIterator {
            AsyncIterator(file: path == "-" ? .standardInput : FileHandle(forReadingAtPath: path), report: report)
        }
    }
}
