import AsyncHTTPClient
import GateCore
import NIOCore
import NIOHTTP1
import Testing

@testable import GateServer

/// HTTP's manners: what may be asked of a path, what is taken, how much is left.
@Suite("Manners", .timeLimit(.minutes(10)))
struct MannersTests {
    @Test("OPTIONS on a known path is 204 with Allow, to those who may use it")
    func options() async throws {
        try await TestServer.running { server in
            for path in ["/livez", "/openapi.json", "/docs"] {
                let answer = try await server.send(.OPTIONS, path)
                #expect(answer.status == 204 && answer["Allow"] == "GET, HEAD, OPTIONS" && answer.bytes.isEmpty, "\(path)")
            }
            let flag = try await server.send(.OPTIONS, "/v1/admin/flags/nope", by: server.admin)
            #expect(flag.status == 204 && flag["Allow"] == "GET, HEAD, PUT, PATCH, DELETE, OPTIONS")
            let user = try server.user("acme", "ann")
            #expect(try await server.send(.OPTIONS, "/v1/stream", by: user)["Allow"] == "GET, OPTIONS", "a stream has no head")
            #expect(try await server.send(.OPTIONS, "/v1/admin/flags", by: user).status == 404, "to users there is nothing")
            #expect(try await server.send(.OPTIONS, "/v1/admin/flags").status == 401)
            #expect(try await server.send(.OPTIONS, "/v1/nope", by: server.admin).status == 404)
        }
    }

    @Test(
        "A method that nobody takes is 405 with Allow on a known path, and 404 on another",
        arguments: [HTTPMethod.TRACE, .PROPFIND, .RAW(value: "QUERY"), .LOCK])
    func strangeMethods(method: HTTPMethod) async throws {
        try await TestServer.running { server in
            let answer = try await server.send(method, "/v1/feature_flags?company_id=acme", by: server.admin)
            #expect(answer.status == 405 && answer["Allow"] == "GET, HEAD, OPTIONS" && answer.code == "method_not_allowed", "\(answer.text)")
            #expect(try await server.send(method, "/livez").status == 405)
            #expect(try await server.send(method, "/v1/nope").status == 404)
        }
    }

    @Test("An Accept that excludes the answer is 406, before anything is done; a known reader gets the same")
    func accept() async throws {
        try await TestServer.running { server in
            let user = try server.user("acme", "ann")
            let json = ["application/json", "*/*", "application/*;q=0.1", "text/html, */*;q=0.8", "text/html, application/JSON"]
            for _ in 0..<2 {
                // The second time the answer lies ready.
                for value in json { #expect(try await server.get("/v1/feature_flags", by: user, [("Accept", value)]).status == 200, "\(value)") }
                for value in ["text/html", "application/json;q=0, */*", "application/json;q=0.000", "text/*"] {
                    let answer = try await server.get("/v1/feature_flags", by: user, [("Accept", value)])
                    #expect(answer.status == 406 && answer.code == "not_acceptable", "\(value)")
                }
            }
            let before = try await server.revision()
            let write = try await server.write(.PUT, "/companies/fresh", [:], [("Accept", "text/html")])
            #expect(write.status == 406)
            #expect(try await server.revision() == before)
            #expect(try await server.get("/docs", [("Accept", "application/json")]).status == 406)
            #expect(try await server.get("/docs", [("Accept", "text/html,application/xhtml+xml,*/*;q=0.8")]).status == 200)
        }
    }

    @Test("The document and the page have a strong tag, and are not sent again to who has them")
    func cached() async throws {
        try await TestServer.running { server in
            for path in ["/openapi.json", "/docs", "/docs.css"] {
                let answer = try await server.get(path)
                let tag = try #require(answer["ETag"])
                #expect(answer.status == 200 && tag.hasPrefix("\""), "\(path)")
                let again = try await server.get(path, [("If-None-Match", tag)])
                #expect(again.status == 304 && again.bytes.isEmpty && again["ETag"] == tag, "\(path)")
            }
            #expect(try await server.get("/openapi.json")["Content-Type"] == "application/json")
            let page = try await server.get("/docs")
            #expect(page["Content-Security-Policy"]?.contains("default-src 'none'") == true && !page.text.contains("<script"))
        }
    }

    @Test("The admin's listener describes what is on it, and the other one what is on that")
    func listeners() async throws {
        try await TestServer.running(TestServer.unlimited + ["--admin-listen", "127.0.0.1:0"]) { server in
            let front = try await server.get("/openapi.json").json["paths"]
            let response = try await HTTPClient.shared.execute(HTTPClientRequest(url: server.adminURL + "/openapi.json"), timeout: .seconds(10))
            let admin = try await JSONParser.parse(response.body.collect(upTo: 1 << 22).readableBytesView)["paths"]
            #expect(front?["/v1/feature_flags"] != nil && front?["/v1/admin/flags"] == nil)
            #expect(admin?["/v1/feature_flags"] == nil && admin?["/v1/admin/flags"] != nil)
        }
    }

    @Test("A write says how much of its rate is left; one too many says when the next is taken, and then it is")
    func rates() async throws {
        try await TestServer.running(["--limit", "writes_per_token=2"]) { server in
            var last: Answer?
            for number in 1...8 {
                let answer = try await server.write(.PUT, "/companies/c\(number)", [:])
                #expect(answer["RateLimit-Policy"] == "\"writes_per_token\";q=8;w=4")
                #expect(answer["RateLimit"] == "\"writes_per_token\";r=\(8 - number);t=\((number + 1) / 2)")
                last = answer
            }
            #expect(last?.status == 201)
            let refused = try await server.write(.PUT, "/companies/c9", [:])
            #expect(refused.status == 429 && refused["Retry-After"] == "1" && refused["RateLimit"] == "\"writes_per_token\";r=0;t=4")
            server.clock.pass(seconds: 1)
            #expect(try await server.write(.PUT, "/companies/c9", [:]).status == 201)
        }
    }

    @Test("Retry-After is the time until one is there again")
    func retryAfter() async throws {
        try await TestServer.running(["--limit", "failed_logins_per_minute=2"]) { server in
            let wrong = "gate_admin_" + String(repeating: "a", count: 49)
            for _ in 0..<2 { #expect(try await server.get("/v1/admin/status", by: wrong).status == 401) }
            let refused = try await server.get("/v1/admin/status", by: wrong)
            #expect(refused.status == 429 && refused["Retry-After"] == "30" && refused["RateLimit-Policy"] == "\"failed_logins_per_minute\";q=2;w=60")
            server.clock.pass(seconds: 29)
            #expect(try await server.get("/v1/admin/status", by: wrong)["Retry-After"] == "1")
            server.clock.pass(seconds: 1)
            #expect(try await server.get("/v1/admin/status", by: wrong).status == 401)
        }
    }

    @Test("A JSON merge patch is for PATCH alone")
    func mediaTypes() async throws {
        try await TestServer.running { server in
            let headers = [("Content-Type", "application/merge-patch+json")]
            let body = Array("{}".utf8)
            let patch = try await server.send(.PATCH, "/v1/admin/flags/embed?reason=r", by: server.admin, headers, body: body)
            let put = try await server.send(.PUT, "/v1/admin/flags/embed?reason=r", by: server.admin, headers, body: body)
            #expect(patch.status == 200 && put.status == 415)
        }
    }
}
