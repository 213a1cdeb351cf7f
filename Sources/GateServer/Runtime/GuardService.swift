import Crypto
import GateCore
import Logging
import ServiceLifecycle

/// Acts upon what the guards found: stops as changes by `guard`, warnings as notices, and the look 15 minutes after a stop.
///
/// A finding is in the events' file before it is acted upon, and is settled there afterwards. A server that dies in between finds it again;
/// the planner and the write's own key see to it that a stop is one change all the same.
struct GuardService: Service {
    let events: EventStore
    let reader: EventReader
    let writer: GateWriter
    let metrics: ServerMetrics
    let clock: @Sendable () -> Timestamp
    let logger: Logger
    /// Something was found.
    let signals: AsyncStream<Void>

    private static let actor = "guard"
    private static let interval = Duration.seconds(1)

    func run() async throws {
        await cancelWhenGracefulShutdown {
            await withTaskGroup(of: Void.self) { group in
                // A second at most until what could not be done is tried again, and until a watch is looked at.
                let (ticks, tick) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
                group.addTask { for await _ in self.signals { tick.yield() } }
                group.addTask {
                    while !Task.isCancelled {
                        tick.yield()
                        try? await Task.sleep(for: Self.interval)
                    }
                }
                for await _ in ticks { await self.settle() }
                group.cancelAll()
            }
        }
    }

    /// Once through everything that is open. What fails is left for the next time.
    func settle() async {
        do {
            for open in try await events.openFindings() { await settle(open) }
        } catch {
            logger.error("the guards' findings could not be read", metadata: ["error": "\(error)"])
        }
    }

    /// One that fails holds up no other.
    private func settle(_ open: StoredFinding) async {
        do {
            switch (open.finding.kind, open.settledAt) {
            case (.trip, nil): try await stop(open)
            case (.warning, nil): try await warn(open)
            default: try await look(open)
            }
        } catch {
            logger.error("a guard's finding could not be acted upon", metadata: ["finding": "\(open.id)", "error": "\(error)"])
        }
    }

    private func stop(_ open: StoredFinding) async throws {
        let finding = open.finding
        let outcome = try await writer.write(Self.request(for: open))
        let revision = outcome.receipt["changed"] == true ? outcome.receipt["revision"]?.integerValue : nil
        // What was held already is not watched twice.
        try await events.settle(open.id, at: clock(), revision: revision, recovery: revision == nil ? nil : .watching)
        guard let revision else { return }
        metrics.tripped(finding)
        var metadata: Logger.Metadata = [
            "feature_flag.key": "\(finding.flag)", "feature_flag.result.variant": "off", "feature_flag.provider.name": "gate",
            "revision": .stringConvertible(revision), "reason": "\(finding.reason)",
        ]
        if let company = finding.company { metadata["company_id"] = "\(company)" }
        logger.warning("a guard stopped a flag", metadata: metadata)
    }

    /// A finding is one write: asked for again, after a server died before it could note the revision, it is answered with the same receipt.
    static func request(for open: StoredFinding) -> WriteRequest {
        let finding = open.finding
        let reason = String(finding.reason.unicodeScalars.prefix(WriteRequest.longestReason))
        var request = WriteRequest(.trip(finding.trip), actor: actor, reason: reason, authority: .full)
        let text = "\(open.id) \(finding.decidedAt) \(finding.flag) \(finding.company?.rawValue ?? "") \(finding.numbers.text)"
        let digest = Array(SHA256.hash(data: Array(text.utf8)))
        request.idempotency = WriteRequest.Idempotency(token: actor, key: digest.hexadecimal, requestDigest: digest)
        return request
    }

    private func warn(_ open: StoredFinding) async throws {
        try await tell(open.finding.flag, open.finding.company, open.finding.reason, open.finding.numbers, id: "finding_\(open.id)")
        try await events.settle(open.id, at: clock())
    }

    /// Whether errors went back to none within the watch; tells when they did not.
    private func look(_ open: StoredFinding) async throws {
        let now = clock()
        guard now > open.finding.decidedAt + StoredFinding.watch else { return }
        let recovery = try await reader.recovery(of: open, now: now)
        if !recovery.isRecovered {
            try await tell(
                open.finding.flag, open.finding.company,
                "\(StoredFinding.watch) after the stop there are still errors: \(recovery.errors) since, the last at \(recovery.last?.description ?? "-")",
                recovery.json, id: "recovery_\(open.id)")
        }
        try await events.settle(open.id, at: now, recovery: recovery.isRecovered ? .recovered : .notRecovered)
    }

    private func tell(_ flag: FlagCode, _ company: CompanyID?, _ text: String, _ numbers: JSONValue, id: String) async throws {
        let data: JSONValue = [
            "flag": .string(flag.rawValue), "company_id": company.map { .string($0.rawValue) } ?? .null, "reason": .string(text), "numbers": numbers,
        ]
        logger.warning("a guard warns", metadata: ["feature_flag.key": "\(flag)", "reason": "\(text)"])
        try await writer.queue(Notice(kind: .guardWarning, flag: flag, data: data, text: "\(flag): \(text)"), id: id)
    }
}
