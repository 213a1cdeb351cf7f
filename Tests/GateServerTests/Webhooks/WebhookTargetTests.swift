import GateCore
import Testing

@testable import GateServer

/// Where a webhook may lead: the address counts, however the URL writes it.
@Suite("A webhook's target")
struct WebhookTargetTests {
    private static func refusal(_ url: String, allowed: [String] = []) async throws -> GateError.Code? {
        let ranges = try allowed.map { try AddressRange($0) }
        do throws(GateError) {
            _ = try await WebhookTarget(url, allowed: ranges)
            return nil
        } catch {
            return error.code
        }
    }

    @Test(
        "Is refused on this machine, in private and in link-local networks, in every way to write their addresses",
        arguments: [
            "127.0.0.1", "127.1", "2130706433", "0x7f000001", "0177.0.0.1", "017700000001", "0", "0.0.0.0", "localhost", "10.0.0.5", "172.16.3.4",
            "172.31.255.255", "192.168.1.1", "169.254.169.254", "100.64.0.1", "198.18.0.1", "224.0.0.1", "255.255.255.255", "[::1]", "[::]",
            "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::ffff:10.0.0.1]", "[::127.0.0.1]", "[fe80::1]", "[fc00::1]", "[fd12:3456::1]", "[ff02::1]",
            "[64:ff9b::7f00:1]", "[2002:7f00:1::]", "[2001:db8::1]",
        ])
    func forbidden(host: String) async throws {
        #expect(try await Self.refusal("https://\(host)/hook") == .webhookRefused)
        #expect(try await Self.refusal("https://\(host):8443/hook") == .webhookRefused)
    }

    @Test("Is taken at public addresses", arguments: ["1.1.1.1", "8.8.8.8", "[2606:4700:4700::1111]", "172.15.0.1", "172.32.0.1", "192.167.1.1"])
    func admitted(host: String) async throws {
        #expect(try await Self.refusal("https://\(host)/hook") == nil)
        #expect(try await Self.refusal("http://\(host)/hook") == .webhookRefused, "in the clear")
    }

    @Test("Is taken where it is allowed, in the clear on the loopback alone")
    func allowed() async throws {
        #expect(try await Self.refusal("https://10.1.2.3/hook", allowed: ["10.0.0.0/8"]) == nil)
        #expect(try await Self.refusal("http://10.1.2.3/hook", allowed: ["10.0.0.0/8"]) == .webhookRefused)
        #expect(try await Self.refusal("http://127.0.0.1:9/hook", allowed: ["127.0.0.0/8"]) == nil)
        #expect(try await Self.refusal("https://192.168.1.1/hook", allowed: ["10.0.0.0/8"]) == .webhookRefused)
    }

    @Test(
        "Is refused where the URL is none, or says too much",
        arguments: [
            "", "hook", "ftp://example.com/", "https://", "https://user:pass@1.1.1.1/", "https://1.1.1.1/#part", "file:///etc/passwd", "unix://x",
        ])
    func malformed(url: String) async throws { #expect(try await Self.refusal(url) == .webhookRefused) }

    @Test("Ranges hold what they say, and refuse what is none")
    func ranges() throws {
        let range = try AddressRange("10.1.0.0/15")
        #expect(range.contains([10, 0, 0, 1]) && range.contains([10, 1, 255, 255]) && !range.contains([10, 2, 0, 0]))
        #expect(try AddressRange("::1").contains([UInt8](repeating: 0, count: 15) + [1]))
        for text in ["", "10.0.0.0/33", "10.0.0/8", "10.0.0.0/", "10.0.0.0/+8", "nowhere", "::/129"] {
            #expect(throws: GateError.self) { try AddressRange(text) }
        }
    }
}
