import GateCore
import NIOHTTP1
import Testing

@testable import GateServer

/// What is no body of a write is refused with the place where it is wrong, and changes nothing.
@Suite("Bodies", .timeLimit(.minutes(10)))
struct BodyTests {
    private static func put(_ server: TestServer, _ body: String, type: String? = "application/json") async throws -> Answer {
        try await server.send(
            .PUT, "/v1/admin/flags/fresh?reason=test", by: server.admin, type.map { [("Content-Type", $0)] } ?? [], body: Array(body.utf8))
    }

    /// An array in an array, so many times.
    private static func nested(_ depth: Int) -> String { String(repeating: "[", count: depth) + String(repeating: "]", count: depth) }

    @Test(
        "A body that is wrong is 400 with a pointer",
        arguments: [
            ("", "json_malformed", ""), ("   ", "json_malformed", ""), ("{", "json_malformed", ""), (#"{"enabled":true,}"#, "json_malformed", ""),
            (#"{"enabled":true}x"#, "json_malformed", ""), (#"{"enabled":tru}"#, "json_malformed", "/enabled"), ("\u{FEFF}{}", "json_malformed", ""),
            ("{'enabled':true}", "json_malformed", ""), (#"{"owner":"\ud800"}"#, "json_malformed", "/owner"), ("NaN", "json_malformed", ""),
            (#"{"enabled":true,"enabled":true}"#, "json_duplicate_key", "/enabled"),
            (#"{"enabled":true,"\u0065nabled":false}"#, "json_duplicate_key", "/enabled"),
            (#"{"prerequisites":"# + nested(33) + "}", "json_too_deep", "/prerequisites" + String(repeating: "/0", count: 31)),
            (#"{"enabled":true,"colour":1}"#, "member_unknown", "/colour"), (#"{"a/b~c":1}"#, "member_unknown", "/a~1b~0c"),
            (#"{"enabled":"yes"}"#, "type_mismatch", "/enabled"), (#"{"enabled":1}"#, "type_mismatch", "/enabled"),
            ("[]", "type_mismatch", ""), ("null", "type_mismatch", ""), ("true", "type_mismatch", ""),
            (#"{"prerequisites":"base"}"#, "type_mismatch", "/prerequisites"), (#"{"prerequisites":[1]}"#, "type_mismatch", "/prerequisites/0"),
            (#"{"prerequisites":["base","base"]}"#, "text_invalid", "/prerequisites/1"),
            (#"{"prerequisites":["-base"]}"#, "identifier_invalid", "/prerequisites/0"),
            (#"{"code":"other"}"#, "text_invalid", "/code"), (#"{"description":"a\u0000b"}"#, "text_invalid", "/description"),
            (#"{"review_by":"tomorrow"}"#, "time_invalid", "/review_by"), (#"{"review_by":"2026-02-30"}"#, "time_invalid", "/review_by"),
            (#"{"owner":""# + String(repeating: "o", count: 201) + #""}"#, "limit_exceeded", "/owner"),
        ])
    func wrong(body: String, code: String, pointer: String) async throws {
        try await TestServer.running { server in
            let answer = try await Self.put(server, body)
            #expect(answer.status == 400 && answer.code == code && answer.pointer == pointer, "\(answer.text)")
            #expect(answer["Content-Type"] == "application/problem+json")
            #expect(try await server.read("/flags/fresh").status == 404)
            #expect(try await server.revision() == TestUniverse.revision)
        }
    }

    @Test("What a body refers to must be there, and cycles are named")
    func references() async throws {
        try await TestServer.running { server in
            let unknown = try await Self.put(server, #"{"prerequisites":["base","bse"]}"#)
            #expect(unknown.status == 404 && unknown.code == "flag_unknown" && unknown.pointer == "/prerequisites/1")
            #expect(unknown.member("nearest") == ["base"])
            let cycle = try await server.write(.PATCH, "/flags/base", ["prerequisites": ["embed"]])
            #expect(cycle.status == 409 && cycle.code == "prerequisite_cycle" && cycle.member("cycle") == ["base", "embed", "base"])
            let taken = try await server.write(.PUT, "/flags/canCreate", [:])
            #expect(taken.status == 409 && taken.code == "name_taken")
            let needed = try await server.write(.DELETE, "/flags/base")
            #expect(needed.status == 409 && needed.code == "has_dependents")
            #expect(needed.member("dependents") == [["kind": "flag", "code": "embed"]])
            #expect(try await server.write(.PUT, "/gates/empty", [:]).code == "gate_empty")
        }
    }

    @Test(
        "Another Content-Type is 415",
        arguments: [nil, "", "text/plain", "application/x-www-form-urlencoded", "application/jsonx", "application/x-ndjson"])
    func mediaType(type: String?) async throws {
        try await TestServer.running { server in
            let answer = try await Self.put(server, "{}", type: type)
            #expect(answer.status == 415 && answer.code == "media_type_unsupported", "\(answer.text)")
            #expect(try await server.revision() == TestUniverse.revision)
        }
    }

    @Test(
        "JSON by any of its names is taken",
        arguments: ["application/json", "application/json; charset=utf-8", "Application/JSON"])
    func json(type: String) async throws {
        try await TestServer.running { server async throws in
            #expect(try await Self.put(server, "{}", type: type).status == 201)
        }
    }

    @Test("A body of 64 KiB is taken, a longer one is 413 with both sizes, and the connection goes on")
    func size() async throws {
        try await TestServer.running { server in
            let longest = 64 * 1024
            #expect(try await Self.put(server, "{}" + String(repeating: " ", count: longest - 2)).status == 201)
            for length in [longest + 1, 1_000_000] {
                let answer = try await Self.put(server, #"{"enabled":true}"# + String(repeating: " ", count: length - 16))
                #expect(answer.status == 413 && answer.code == "body_too_large" && answer.member("limit") == "body_bytes")
                #expect(answer.bound[1] == Int64(longest) && answer.bound[0]! > Int64(longest) && answer.bound[0]! <= Int64(length))
            }
            #expect(try await server.revision() == TestUniverse.revision + 1)
        }
    }

    @Test("Nothing may be nested 33 deep, 32 is read")
    func depth() async throws {
        try await TestServer.running { server in
            let deepest = try await Self.put(server, #"{"prerequisites":"# + Self.nested(31) + "}")
            #expect(deepest.code == "type_mismatch", "read, and found to be no list of codes")
            let deeper = try await Self.put(server, #"{"prerequisites":"# + Self.nested(32) + "}")
            #expect(deeper.code == "json_too_deep" && deeper.bound == [33, 32])
        }
    }
}
