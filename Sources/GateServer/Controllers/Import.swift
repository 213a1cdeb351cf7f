import GateCore
import Hummingbird
import NIOCore

/// NDJSON, streamed: a manifest a line, and one change per 10 000 lines, so that a million users are one request and bounded memory.
struct Import {
    static let linesPerChange = 10_000
    static let longestLine = 64 * 1024
    static let mediaTypes = ["application/x-ndjson", "application/jsonl"]

    private let call: Call
    private var batch: [Entity] = []
    private var line = 0
    private var bytes = 0
    private var changes = 0
    private var revision: Revision

    init(_ call: Call) throws(GateError) {
        try call.requireMediaType(Self.mediaTypes)
        _ = try WriteRequest.check(reason: call.query["reason"])
        self.call = call
        revision = call.snapshot.revision
    }

    /// - Throws: what is wrong with a line, by its number, saying what was committed before it.
    func run() async throws -> Reply {
        var importing = self
        var rest = ByteBuffer()
        do {
            for try await part in call.request.body {
                try importing.count(part.readableBytes)
                rest.writeImmutableBuffer(part)
                try await importing.takeLines(&rest)
                rest.discardReadBytes()
            }
            if rest.readableBytes > 0 { try await importing.take(rest.readableBytesView) }
            try await importing.commit()
        } catch {
            let error = GateError(any: error)
            throw error.with {
                $0.detail = "line \(importing.line): \($0.detail) (\(importing.changes) changes, up to revision \(importing.revision), are committed)"
            }
        }
        return Reply([
            "lines": .integer(Int64(importing.line)), "changes": .integer(Int64(importing.changes)), "revision": .integer(importing.revision),
        ])
    }

    private mutating func count(_ more: Int) throws(GateError) {
        bytes += more
        let limit = call.service.limits.importBytes
        guard bytes <= limit else {
            throw GateError(
                .bodyTooLarge, "the body is too large: at most \(limit) bytes", limit: .init("import_bytes", provided: bytes, allowed: limit))
        }
    }

    private mutating func takeLines(_ rest: inout ByteBuffer) async throws {
        while let end = rest.readableBytesView.firstIndex(of: 0x0A) {
            let count = end - rest.readerIndex
            guard let text = rest.readSlice(length: count) else { return }
            rest.moveReaderIndex(forwardBy: 1)
            try await take(text.readableBytesView)
        }
        guard rest.readableBytes <= Self.longestLine else { throw tooLong(rest.readableBytes) }
    }

    private func tooLong(_ count: Int) -> GateError {
        GateError(
            .limitExceeded, "the line is too long: at most \(Self.longestLine) bytes",
            limit: .init("line_bytes", provided: count, allowed: Self.longestLine))
    }

    private mutating func take(_ text: ByteBufferView) async throws {
        line += 1
        guard text.count <= Self.longestLine else { throw tooLong(text.count) }
        if !text.allSatisfy({ $0 == 0x20 || $0 == 0x0D || $0 == 0x09 }) { batch += try Manifest.entities(JSONReader(try JSONParser.parse(text))) }
        if line.isMultiple(of: Self.linesPerChange) { try await commit() }
    }

    private mutating func commit() async throws {
        guard !batch.isEmpty else { return }
        let reply = try await call.importBatch(batch, part: changes)
        batch = []
        if case .bool(true)? = reply["changed"] { changes += 1 }
        if case .integer(let reached)? = reply["revision"] { revision = reached }
    }
}

extension Call {
    /// Writes one batch; a dry run plans it on the state before the request.
    fileprivate func importBatch(_ entities: [Entity], part: Int) async throws -> JSONValue {
        let token = try token
        var write = WriteRequest(
            .load(entities), actor: "token/\(token.id)", reason: try WriteRequest.check(reason: query["reason"]), authority: Authority(token))
        write.newCompany = try query.flag("new_company")
        guard try !query.flag("dry_run") else {
            return try await service.history.plan(write, on: snapshot, now: now).receipt(on: published, dryRun: true).json
        }
        return try await service.writer.write(write).receipt
    }
}
