import NIOCore
import NIOPosix

/// A client that speaks bytes: what it sends is what was written, what it got is what came.
struct RawClient {
    private let outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>
    private var iterator: NIOAsyncChannelInboundStream<ByteBuffer>.AsyncIterator
    private(set) var received = ""
    let channel: any Channel

    /// Connects, and closes when the work is done.
    static func connected<Result: Sendable>(
        to port: Int,
        _ work: (inout RawClient) async throws -> Result
    ) async throws -> Result {
        let channel = try await ClientBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .channelOption(.allowRemoteHalfClosure, value: true)
            .connect(host: "127.0.0.1", port: port) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try NIOAsyncChannel<ByteBuffer, ByteBuffer>(
                        wrappingChannelSynchronously: channel,
                        configuration: .init(isOutboundHalfClosureEnabled: true)
                    )
                }
            }
        return try await channel.executeThenClose { inbound, outbound in
            var client = RawClient(outbound: outbound, iterator: inbound.makeAsyncIterator(), channel: channel.channel)
            return try await work(&client)
        }
    }

    private init(
        outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>,
        iterator: NIOAsyncChannelInboundStream<ByteBuffer>.AsyncIterator,
        channel: any Channel
    ) {
        self.outbound = outbound
        self.iterator = iterator
        self.channel = channel
    }

    func send(_ text: String) async throws {
        try await outbound.write(ByteBuffer(string: text))
    }

    /// Says that nothing more will be sent.
    func closeOutput() {
        outbound.finish()
    }

    /// Reads until the text has come, or the server has closed.
    mutating func read(until text: String) async throws {
        while !received.contains(text), let bytes = try await iterator.next() {
            received += String(buffer: bytes)
        }
    }

    /// Reads until the text has come so many times, or the server has closed.
    mutating func read(until text: String, times: Int) async throws {
        while received.ranges(of: text).count < times, let bytes = try await iterator.next() {
            received += String(buffer: bytes)
        }
    }

    /// What comes next; nil when the server has closed.
    mutating func readMore() async throws -> String? {
        guard let bytes = try await iterator.next() else { return nil }
        let text = String(buffer: bytes)
        received += text
        return text
    }

    /// Reads and forgets until what came ends with a text, or the server has closed; tells of the bytes as they come.
    ///
    /// - Parameter slowly: the pause after the first bytes.
    mutating func drain(until text: String, slowly: Duration, _ count: (Int) -> Void) async throws {
        var tail = ""
        var pause = slowly
        while !tail.hasSuffix(text), let bytes = try await iterator.next() {
            try await Task.sleep(for: pause)
            pause = .zero
            count(bytes.readableBytes)
            let length = min(bytes.readableBytes, text.utf8.count)
            tail += bytes.getString(at: bytes.writerIndex - length, length: length) ?? ""
            tail = String(tail.suffix(text.utf8.count))
        }
    }

    /// Reads until the server has closed, and gives all that ever came.
    mutating func readToEnd() async throws -> String {
        while let bytes = try await iterator.next() { received += String(buffer: bytes) }
        return received
    }
}
