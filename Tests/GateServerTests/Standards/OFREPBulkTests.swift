import GateCore
import NIOHTTP1
import Testing

@testable import GateServer

/// Bulk evaluation: what its entity tag stands for, and what the address of its stream is.
@Suite("OFREP, all flags", .timeLimit(.minutes(10)))
struct OFREPBulkTests {
    @Test("Who has the answer already is told so; whatever changes an answer changes the tag")
    func entityTag() async throws {
        try await TestServer.running { server in
            let ann = try server.user("acme", "ann")
            let first = try await server.evaluate(by: ann)
            let tag = try #require(first["ETag"])
            #expect(first.status == 200 && tag.hasPrefix("\"") && tag.hasSuffix("\"") && first["Gate-Revision"] != nil)
            func again(_ header: String) async throws -> Answer { try await server.evaluate(by: ann, [("If-None-Match", header)]) }
            for header in [tag, "W/\(tag)", "\"other\", \(tag)", "*"] {
                let known = try await again(header)
                #expect(known.status == 304 && known.bytes.isEmpty && known["ETag"] == tag && known["Content-Type"] == nil, "\(header)")
                #expect(known["Gate-Revision"] == first["Gate-Revision"])
            }
            #expect(try await again("\"other\"").bytes == first.bytes)

            // What changes no answer of this caller's leaves it.
            try await server.change(.PUT, "/flags/embed/companies/globex", ["enabled": false])
            try await server.change(.PUT, "/companies/fresh", [:])
            let unchanged = try await again(tag)
            #expect(unchanged.status == 304 && unchanged["Gate-Revision"] != first["Gate-Revision"], "but says of which state it is")

            try await server.change(.PUT, "/flags/embed/companies/acme", ["enabled": false])
            let changed = try await again(tag)
            #expect(changed.status == 200 && changed["ETag"] != tag)
            let embed = try changed.json["flags"]?.arrayValue?.first { $0["key"] == "embed" }
            #expect(embed?["value"] == false && embed?["variant"] == "off")
            try await server.change(.PUT, "/companies/acme/users/ann/permissions/ticket_create", ["enabled": false])
            let next = try await again(try #require(changed["ETag"]))
            #expect(next.status == 200, "a gate is an answer too")
        }
    }

    @Test("The tag is for the whole context, whatever the order of its members")
    func context() async throws {
        try await TestServer.running { server in
            let service = try await server.token("service")
            let base: [(String, JSONValue)] = [
                ("targetingKey", "ann"), ("companyId", "acme"), ("plan", "free"),
                ("device", ["os": ["name": "linux", "versions": [1, 2]], "dark": true]),
            ]
            func tagFor(_ context: [(String, JSONValue)]) async throws -> String {
                try #require(try await server.evaluate(by: service, context: .object(JSONObject(context)))["ETag"])
            }
            let tag = try await tagFor(base)
            #expect(try await tagFor(base.reversed()) == tag)
            let turned: JSONValue = ["dark": true, "os": ["versions": [1, 2], "name": "linux"]]
            #expect(try await tagFor(Array(base.dropLast()) + [("device", turned)]) == tag)
            let others: [JSONValue] = [
                ["os": ["name": "linux", "versions": [2, 1]], "dark": true], ["os": ["name": "linux", "versions": [1, 2]], "dark": false],
                ["os": ["name": "linux"], "dark": true], nil,
            ]
            for other in others { #expect(try await tagFor(Array(base.dropLast()) + [("device", other)]) != tag, "\(other.text)") }
            #expect(try await tagFor(Array(base.dropLast())) != tag)
            #expect(try await tagFor(base + [("more", nil)]) != tag)
            // For a user's token too, where it decides nothing.
            let ann = try server.user("acme", "ann")
            let one = try await server.evaluate(by: ann, context: ["targetingKey": "a"])
            let two = try await server.evaluate(by: ann, context: ["targetingKey": "b"])
            #expect(one.bytes == two.bytes && one["ETag"] != two["ETag"])
        }
    }

    @Test("Who comes because of an event is not answered from before it; what is no event of ours is passed over")
    func told() async throws {
        try await TestServer.running { server in
            let ann = try server.user("acme", "ann")
            let position = try #require(Position(try await server.evaluate(by: ann)["Gate-Revision"] ?? ""))
            func status(_ tag: String) async throws -> Int { try await server.evaluate(by: ann, query: "?flagConfigEtag=\(tag)").status }
            for tag in ["\(position)", "%22\(position)%22", "abc", "", "0123456789abcdef-99999"] { #expect(try await status(tag) == 200, "\(tag)") }
            let ahead = try await server.evaluate(
                by: ann, query: "?flagConfigEtag=\(position.incarnation)-\(position.revision + 1)&flagConfigLastModified=1771622898")
            #expect(ahead.status == 503 && ahead["Retry-After"] == "1" && ahead.member("errorCode") == "GENERAL", "\(ahead.text)")
            let next = Position(incarnation: position.incarnation, revision: position.revision + 1)
            #expect(try await server.evaluate("embed", by: ann, [("Gate-Min-Revision", "\(next)")]).status == 503)
            async let waiting = server.evaluate(by: ann, query: "?flagConfigEtag=\(next)")
            try await server.change(.PUT, "/flags/embed/companies/acme", ["enabled": false])
            let answer = try await waiting
            #expect(answer.status == 200 && answer["Gate-Revision"] == "\(next)")
            #expect(try await server.evaluate(by: ann, query: "?other=1").status == 400)
        }
    }

    @Test("The stream's address is one and the same within the hour, another in the next, and part of what the tag stands for")
    func address() async throws {
        try await TestServer.running { server in
            let (ann, bob) = (try server.user("acme", "ann", ttl: 86_400), try server.user("acme", "bob", ttl: 86_400))
            let address = try await server.streamAddress(by: ann)
            let tag = try #require(try await server.evaluate(by: ann)["ETag"])
            #expect(address.hasPrefix("/ofrep/v1/stream?token="))
            #expect(try await server.streamAddress(by: bob) != address)
            server.clock.pass(seconds: 3_599)
            #expect(try await server.streamAddress(by: ann) == address)
            #expect(try await server.evaluate(by: ann, [("If-None-Match", tag)]).status == 304)
            server.clock.pass(seconds: 1)
            let next = try await server.evaluate(by: ann, [("If-None-Match", tag)])
            #expect(next.status == 200 && next["ETag"] != tag)
            #expect(try await server.streamAddress(by: ann) != address)
        }
    }

    @Test("Where it is known how clients reach the server, the address is whole")
    func publicURL() async throws {
        try await TestServer.running(TestServer.unlimited + ["--public-url", "https://gate.example.com"]) { server in
            let entry = try await server.evaluate(by: server.user("acme", "ann")).json["eventStreams"]?[0]
            #expect(entry?["url"]?.stringValue?.hasPrefix("https://gate.example.com/ofrep/v1/stream?token=") == true)
            #expect(entry?.objectValue?.members.map(\.name) == ["type", "url", "inactivityDelaySec"])
        }
    }
}
