import GateCore
import HTTPTypes
import Hummingbird
import NIOCore
import Testing

@testable import GateServer

/// Errors in OFREP's shape, each code of ours.
@Suite("OFREP's errors")
struct OFREPErrorTests {
    private static func reply(_ error: GateError, _ path: String = "/ofrep/v1/evaluate/flags/embed") throws -> (Reply, JSONValue) {
        let head = HTTPRequest(method: .post, scheme: "http", authority: "gate.test", path: path)
        let request = Request(head: head, body: RequestBody(buffer: ByteBuffer()))
        let reply = ErrorShape.ofrep.reply(Problem(error, instance: path, requestID: "request-7"), error, request)
        return (reply, try JSONParser.parse(reply.body.readableBytesView))
    }

    @Test("Every code has a word of the protocol, the status it has elsewhere, and its own word beside", arguments: GateError.Code.allCases)
    func codes(code: GateError.Code) throws {
        let (reply, body) = try Self.reply(GateError(code, "why"))
        #expect(reply.status == code.meaning.status && reply.headers[.contentType] == "application/json")
        #expect(body.objectValue?.members.map(\.name) == ["key", "errorCode", "errorDetails", "metadata"])
        let expected: OFREPErrorCode =
            switch code {
            case .jsonMalformed, .jsonDuplicateKey, .jsonTooDeep, .mediaTypeUnsupported: .parseError
            case .flagUnknown: .flagNotFound
            default: .general
            }
        #expect(body["errorCode"]?.stringValue == expected.rawValue)
        #expect(body["metadata"] == ["code": .string(code.meaning.status.code == 500 && code != .outcomeUnknown ? "internal_error" : code.rawValue)])
        #expect((reply.headers[.retryAfter] == "1") == [429, 503].contains(code.meaning.status.code))
        #expect((reply.headers[.wwwAuthenticate] != nil) == (code.meaning.status.code == 401))
    }

    @Test("An internal error says nothing but the request's id")
    func secret() throws {
        let (reply, body) = try Self.reply(GateError(.unexpected, "the secret password is hunter2 at /var/lib/gate.db"))
        #expect(reply.status == .internalServerError && !body.text.contains("hunter2") && !body.text.contains("/var/lib"))
        #expect(body["errorDetails"]?.stringValue?.contains("request-7") == true)
    }

    @Test(
        "The place of a mistake says whose it is",
        arguments: [
            ("", OFREPErrorCode.parseError), ("/context", .invalidContext), ("/context/companyId", .invalidContext),
            ("/context/targetingKey", .targetingKeyMissing), ("/context/targetingKey/more", .invalidContext),
        ])
    func places(pointer: String, expected: OFREPErrorCode) throws {
        #expect(OFREPErrorCode(GateError(.memberMissing, "why", pointer: pointer)) == expected)
        #expect(OFREPErrorCode(GateError(.typeMismatch, "why", pointer: pointer)) != .targetingKeyMissing)
    }

    @Test(
        "The key is the one in the path, and there is none where all are asked for",
        arguments: [
            ("/ofrep/v1/evaluate/flags", nil), ("/ofrep/v1/evaluate/flags/a", "a"), ("/ofrep/v1/evaluate/flags/a%20b%2Fc", "a b/c"),
            ("/ofrep/v1/evaluate/flags/%FF", "%FF"), ("/ofrep/v1/stream", nil),
        ] as [(String, String?)])
    func keys(path: String, key: String?) throws {
        let (_, body) = try Self.reply(GateError(.unexpected, "why"), path)
        #expect(body["key"]?.stringValue == key)
    }
}
