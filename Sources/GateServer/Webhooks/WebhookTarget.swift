import AsyncHTTPClient
import GateCore
import NIOCore
import NIOPosix

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Where a webhook may lead: never into this machine or its network, unless the server was told to allow that.
///
/// The address that the name resolves to is what is checked, and what is connected to: a name that resolves to something else a moment later
/// gains nothing.
struct WebhookTarget: Sendable {
    let url: String
    let host: String
    /// The checked address, as text.
    let address: String

    /// Finds an address of a host: by the system, unless a test says otherwise.
    typealias Resolve = @Sendable (_ host: String, _ port: Int) throws -> SocketAddress
    static let resolve: Resolve = { host, port in try SocketAddress.makeAddressResolvingHost(host, port: port) }

    /// Addresses that are nobody's public ones: this machine, private and link-local networks, and what is reserved.
    private static let forbidden: [AddressRange] = [
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24",
        "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4", "::/96",
        "64:ff9b::/32", "100::/64", "2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20", "5f00::/16", "fc00::/7", "fe80::/10", "fec0::/10",
        "ff00::/8",
    ].compactMap { try? AddressRange($0) }
    private static let mapped = try? AddressRange("::ffff:0:0/96")

    /// - Throws: `webhook_refused` where the URL or its address is not admitted.
    static func check(url: String) throws(GateError) -> (host: String, port: Int, isSecure: Bool) {
        guard let request = try? HTTPClient.Request(url: url), ["http", "https"].contains(request.scheme), !request.host.isEmpty else {
            throw GateError(.webhookRefused, "the webhook's URL is not valid: name an https URL", pointer: "/url")
        }
        guard request.url.user == nil, request.url.password == nil, request.url.fragment == nil else {
            throw GateError(.webhookRefused, "the webhook's URL must hold no user name, password or fragment", pointer: "/url")
        }
        let isSecure = request.scheme == "https"
        return (request.host, request.url.port ?? (isSecure ? 443 : 80), isSecure)
    }

    /// Resolves the host and checks the address.
    ///
    /// - Parameter allowed: ranges that are admitted although they are not public; plain http is admitted to the loopback among them.
    /// - Throws: `webhook_refused`; `webhook_unresolved` where the name has no address now.
    init(_ url: String, allowed: [AddressRange], resolve: @escaping Resolve = Self.resolve) async throws(GateError) {
        let (host, port, isSecure) = try Self.check(url: url)
        let bare = host.hasPrefix("[") && host.hasSuffix("]") ? String(host.dropFirst().dropLast()) : host
        let resolved: SocketAddress
        do {
            resolved = try await NIOThreadPool.singleton.runIfActive { try resolve(bare, port) }
        } catch {
            throw GateError(.webhookUnresolved, "the webhook's host \(quoted(host)) has no address")
        }
        guard let text = resolved.ipAddress, let bytes = AddressRange.bytes(of: text) else {
            throw GateError(.webhookUnresolved, "the webhook's host \(quoted(host)) has no address")
        }
        let isAllowed = allowed.contains { $0.contains(bytes) }
        guard isAllowed || Self.isPublic(bytes) else {
            throw GateError(
                .webhookRefused, "the webhook's host \(quoted(host)) is at \(text), which is not a public address: allow it with --webhook-allow",
                pointer: "/url")
        }
        guard isSecure || isAllowed && Self.isLoopback(bytes) else {
            throw GateError(.webhookRefused, "the webhook's URL must be https", pointer: "/url")
        }
        (self.url, self.host, address) = (url, host, text)
    }

    /// An IPv4 address inside an IPv6 one is judged as what it is.
    static func isPublic(_ bytes: [UInt8]) -> Bool {
        if mapped?.contains(bytes) == true { return isPublic(Array(bytes.suffix(4))) }
        return !forbidden.contains { $0.contains(bytes) }
    }

    private static func isLoopback(_ bytes: [UInt8]) -> Bool {
        bytes.first == 127 && bytes.count == 4 || bytes == [UInt8](repeating: 0, count: 15) + [1]
    }
}
