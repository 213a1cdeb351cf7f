import AsyncHTTPClient
import GateCore
import HashTreeCollections
import Logging
import NIOCore
import NIOHTTP1
import ServiceLifecycle

/// Sends what is queued: in order for each webhook and flag, again with growing pauses for 24 h, signed each time.
struct WebhookSender: Service {
    let writer: GateWriter
    let allowed: [AddressRange]
    let metrics: ServerMetrics
    let clock: @Sendable () -> Timestamp
    let logger: Logger
    var resolve: WebhookTarget.Resolve = WebhookTarget.resolve

    private static let interval = Duration.milliseconds(500)
    private static let timeLimit = TimeAmount.seconds(10)
    /// How long a notice is tried.
    private static let patience = TimeSpan(seconds: 24 * 3_600)
    private static let longestPause = 3_600.0
    private static let atOnce = 16

    private enum Result {
        case delivered
        case gone
        case failed(String)
    }

    func run() async throws {
        try? await cancelWhenGracefulShutdown {
            while true {
                // What follows a notice that was taken is due at once.
                while await self.sendDue() > 0, !Task.isCancelled {}
                try await Task.sleep(for: Self.interval)
            }
        }
    }

    /// - Returns: how many were done with.
    func sendDue() async -> Int {
        let due: [QueuedNotice]
        do {
            due = try await writer.dueNotices(limit: Self.atOnce)
        } catch {
            logger.error("the queue of notices cannot be read", metadata: ["error": "\(error.detail)"])
            return 0
        }
        return await withTaskGroup(of: Bool.self) { group in
            for notice in due { group.addTask { await self.handle(notice) } }
            return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
    }

    private func handle(_ notice: QueuedNotice) async -> Bool {
        let webhook = writer.store.current.snapshot.webhooks[notice.webhook]?.value
        do {
            guard let webhook, webhook.enabled else {
                try await writer.settle(notice, retryAt: nil)
                return true
            }
            switch await send(notice, to: webhook.url) {
            case .delivered:
                metrics.sent(.delivered)
                try await writer.settle(notice, retryAt: nil)
            case .gone:
                metrics.sent(.gone)
                try await writer.settle(notice, retryAt: nil)
                let command = Command.patch(.webhook(notice.webhook), ["enabled": false])
                _ = try await writer.write(
                    WriteRequest(command, actor: "webhooks", reason: "the receiver answered 410 Gone: it wants no more", authority: .full))
            case .failed(let why):
                metrics.sent(.failed)
                let isOver = clock() > notice.createdAt + Self.patience
                logger.warning(
                    "a webhook was not taken",
                    metadata: [
                        "webhook": "\(notice.webhook)", "message": "\(notice.messageID)", "attempt": "\(notice.attempts + 1)", "why": "\(why)",
                        "given_up": "\(isOver)",
                    ])
                try await writer.settle(notice, retryAt: isOver ? nil : clock() + pause(after: notice.attempts))
                return isOver
            }
            return true
        } catch {
            logger.error("what came of a notice could not be written down", metadata: ["error": "\(error)"])
            return false
        }
    }

    /// One second at first, doubled each time up to an hour, and half of it by chance.
    private func pause(after attempts: Int) -> TimeSpan {
        let longest = min(Self.longestPause, Double(1 << min(attempts, 12)))
        return TimeSpan(seconds: Int64(Double.random(in: longest / 2...longest).rounded(.up)))
    }

    private func send(_ notice: QueuedNotice, to url: String) async -> Result {
        do {
            let target = try await WebhookTarget(url, allowed: allowed, resolve: resolve)
            var configuration = HTTPClient.Configuration(
                redirectConfiguration: .disallow, timeout: .init(connect: Self.timeLimit, read: Self.timeLimit), proxy: nil, decompression: .disabled)
            configuration.dnsOverride = [target.host: target.address]
            configuration.httpVersion = .http1Only
            let client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
            let result = await exchange(notice, target, client)
            try? await client.shutdown()
            return result
        } catch {
            return .failed(error.detail)
        }
    }

    private func exchange(_ notice: QueuedNotice, _ target: WebhookTarget, _ client: HTTPClient) async -> Result {
        let timestamp = clock().microseconds / 1_000_000
        var request = HTTPClientRequest(url: target.url)
        request.method = .POST
        request.headers.add(name: "Content-Type", value: "application/json")
        request.headers.add(name: "User-Agent", value: "gate-server")
        request.headers.add(name: "webhook-id", value: notice.messageID)
        request.headers.add(name: "webhook-timestamp", value: "\(timestamp)")
        let signature = WebhookSignature.signature(id: notice.messageID, timestamp: timestamp, body: notice.body, secret: notice.secret)
        request.headers.add(name: "webhook-signature", value: signature)
        request.body = .bytes(ByteBuffer(string: notice.body))
        do {
            let response = try await client.execute(request, timeout: Self.timeLimit)
            switch response.status.code {
            case 200..<300: return .delivered
            case 410: return .gone
            default: return .failed("it answered \(response.status.code)")
            }
        } catch {
            return .failed("\(error)")
        }
    }
}
