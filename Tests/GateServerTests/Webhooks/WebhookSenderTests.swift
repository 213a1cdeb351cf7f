import GateCore
import HTTPTypes
import NIOCore
import Synchronization
import Testing

@testable import GateServer

/// What is queued is sent, to the address that was checked, until it is taken or a day is over. The clock is the test's.
@Suite("Sending webhooks", .timeLimit(.minutes(10)))
struct WebhookSenderTests {
    private static let secret = [UInt8](repeating: 7, count: 32)

    /// What names resolve to, one address after the other; the last one stays.
    private final class Names: Sendable {
        private let addresses: Mutex<(left: [String], asked: Int)>

        init(_ addresses: String...) { self.addresses = Mutex((addresses, 0)) }

        var asked: Int { addresses.withLock { $0.asked } }

        @Sendable func resolve(_ host: String, _ port: Int) throws -> SocketAddress {
            let address = addresses.withLock { state in
                state.asked += 1
                return state.left.count > 1 ? state.left.removeFirst() : state.left[0]
            }
            return try SocketAddress(ipAddress: address, port: port)
        }
    }

    private struct Bench: Sendable {
        var writer: GateWriter
        var clock: TestClock
        var sender: WebhookSender
        var history: HistoryReader

        /// Changes a flag, which every webhook is told of.
        func flip(_ flag: String, _ enabled: Bool) async throws {
            try await write(.patch(.flag(FlagCode(flag)), ["enabled": .bool(enabled)]))
        }

        func write(_ command: Command, secret: [UInt8]? = nil) async throws {
            var request = WriteRequest(command, actor: "token/test", reason: "test", authority: .full)
            request.webhookSecret = secret
            _ = try await writer.write(request)
        }

        var waiting: Int {
            get async throws { try await history.queuedNotices() }
        }
    }

    private static func running(
        _ url: String, _ names: Names, allowed: [String] = ["127.0.0.0/8"], _ work: (Bench) async throws -> Void
    ) async throws {
        try await TestFolder.with { folder in
            let clock = TestClock()
            let writer = try GateWriter(database: Database(path: folder + "/gate.db", newIncarnation: "first"), clock: { clock.now })
            let sender = WebhookSender(
                writer: writer, allowed: try allowed.map { try AddressRange($0) }, metrics: ServerMetrics(), clock: { clock.now },
                logger: TestServer.quiet, resolve: names.resolve)
            let bench = Bench(writer: writer, clock: clock, sender: sender, history: try HistoryReader(path: folder + "/gate.db"))
            for flag in ["a", "b"] { try await bench.write(.put(.flag(Flag(code: FlagCode(flag))))) }
            try await bench.write(.put(.webhook(Webhook(id: WebhookID("wh-1"), url: url))), secret: secret)
            try await work(bench)
        }
    }

    @Test("The address that was checked is the one connected to: the name is asked once, and never by the client")
    func checkedAddress() async throws {
        try await Receiver.running { receiver, port in
            // No resolver of this machine knows the name.
            let names = Names("127.0.0.1", "10.0.0.1")
            try await Self.running("http://hooks.gate.invalid:\(port)/gate", names) { bench in
                try await bench.flip("a", true)
                #expect(await bench.sender.sendDue() == 1)
                #expect(receiver.messages.count == 1 && names.asked == 1)
                let message = try #require(receiver.messages.first)
                #expect(message.authority == "hooks.gate.invalid:\(port)")
                let (id, time) = (message.fields["webhook-id"] ?? "", Int64(message.fields["webhook-timestamp"] ?? "") ?? 0)
                #expect(time == bench.clock.now.microseconds / 1_000_000)
                #expect(
                    message.fields["webhook-signature"]
                        == WebhookSignature.signature(id: id, timestamp: time, body: message.body, secret: Self.secret))
                // A moment later the name leads into the network: nothing is sent there, and the notice waits.
                try await bench.flip("a", false)
                #expect(await bench.sender.sendDue() == 0)
                #expect(receiver.messages.count == 1 && names.asked == 2)
                #expect(try await bench.waiting == 1)
            }
        }
    }

    @Test(
        "A name that resolves into this machine or its network is never connected to",
        arguments: ["127.0.0.1", "::1", "::ffff:127.0.0.1", "10.1.2.3", "192.168.0.1", "169.254.169.254", "fe80::1", "fd00::1", "64:ff9b::7f00:1"])
    func inside(address: String) async throws {
        try await Receiver.running { receiver, port in
            for scheme in ["http", "https"] {
                let names = Names(address)
                try await Self.running("\(scheme)://hooks.gate.invalid:\(port)/gate", names, allowed: []) { bench in
                    try await bench.flip("a", true)
                    #expect(await bench.sender.sendDue() == 0)
                    #expect(try await bench.waiting == 1)
                    #expect(names.asked == 1)
                }
            }
            #expect(receiver.messages.isEmpty)
        }
    }

    @Test("What is not taken is tried again after pauses that double up to an hour, half of them chance, for a day")
    func pauses() async throws {
        try await Receiver.running { receiver, port in
            receiver.answer(.internalServerError)
            try await Self.running("http://127.0.0.1:\(port)/gate", Names("127.0.0.1")) { bench in
                try await bench.flip("a", true)
                let began = bench.clock.now
                var attempts = 0
                while true {
                    let longest = min(3_600, Int64(1) << min(attempts, 12))
                    _ = await bench.sender.sendDue()
                    attempts += 1
                    try #require(receiver.messages.count == attempts, "attempt \(attempts) is not due at its time")
                    guard try await bench.waiting > 0 else { break }
                    guard longest > 2 else {
                        bench.clock.pass(seconds: longest)
                        continue
                    }
                    bench.clock.pass(seconds: longest / 2 - 1)
                    _ = await bench.sender.sendDue()
                    #expect(receiver.messages.count == attempts, "half of \(longest) s is not over")
                    bench.clock.pass(seconds: longest - longest / 2 + 1)
                }
                let seconds = (bench.clock.now.microseconds - began.microseconds) / 1_000_000
                #expect((86_401...90_000).contains(seconds), "given up after \(seconds) s")
                #expect(attempts > 30)
            }
        }
    }

    @Test("Each flag's notices come in order, and none past one that failed; another flag's go on")
    func order() async throws {
        try await Receiver.running { receiver, port in
            try await Self.running("http://127.0.0.1:\(port)/gate", Names("127.0.0.1")) { bench in
                receiver.answer(.serviceUnavailable)
                for enabled in [true, false, true] { try await bench.flip("a", enabled) }
                _ = await bench.sender.sendDue()
                #expect(receiver.messages.count == 1)
                receiver.answer(.ok)
                try await bench.flip("b", true)
                while await bench.sender.sendDue() > 0 {}
                #expect(receiver.messages.count == 2 && receiver.messages[1].body.contains(#""flag":"b""#))
                bench.clock.pass(seconds: 1)
                while await bench.sender.sendDue() > 0 {}
                let ids = receiver.messages.map { $0.fields["webhook-id"] ?? "" }
                #expect(ids.count == 5 && ids[2] == ids[0] && ids[2...].sorted() == Array(ids[2...]) && Set(ids).count == 4)
                #expect(try await bench.waiting == 0)
            }
        }
    }

    @Test("410 turns the webhook off: what was queued is dropped, and nothing more is sent")
    func gone() async throws {
        try await Receiver.running { receiver, port in
            try await Self.running("http://127.0.0.1:\(port)/gate", Names("127.0.0.1")) { bench in
                receiver.answer(.gone)
                for enabled in [true, false] { try await bench.flip("a", enabled) }
                while await bench.sender.sendDue() > 0 {}
                #expect(receiver.messages.count == 1)
                #expect(bench.writer.store.current.snapshot.webhooks[try WebhookID("wh-1")]?.value.enabled == false)
                try await bench.flip("a", true)
                while await bench.sender.sendDue() > 0 {}
                #expect(try await bench.waiting == 0 && receiver.messages.count == 1)
            }
        }
    }
}
