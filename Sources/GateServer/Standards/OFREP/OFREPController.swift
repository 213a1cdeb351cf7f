import GateCore
import HTTPTypes
import Hummingbird

/// The OpenFeature Remote Evaluation Protocol 0.3: any OpenFeature client asks here.
enum OFREPController {
    static let path = "/ofrep/v1/evaluate/flags"
    static let streamPath = "/ofrep/v1/stream"

    static let endpoints: [Endpoint] = [
        Endpoint(
            .post, path, .evaluation, "OFREP: every flag and gate for the caller", parameters: ["flagConfigEtag", "flagConfigLastModified"],
            takes: "OFREPRequest", answers: "OFREPEvaluations", manners: [.cached, .ofState]
        ) { call in try await all(call) },
        Endpoint(
            .post, path + "/{key}", .evaluation, "OFREP: one flag or gate for the caller", takes: "OFREPRequest", answers: "OFREPEvaluation",
            manners: [.ofState]
        ) { call in try await one(call) },
        Endpoint(
            .get, streamPath, .streamToken, "OFREP: says when to evaluate again: server-sent events", parameters: ["token"],
            answers: .text("text/event-stream", "`refetchEvaluation`, with the tag and time of what changed.")
        ) { call in
            try await OFREPStream.follow(call)
        },
    ].map { $0.failing(as: .ofrep) }

    /// Whether pages of other origins may be let in.
    static func admits(path: String) -> Bool { isEvaluation(path: path) || path == streamPath }

    static func isEvaluation(path: String) -> Bool { path == Self.path || path.hasPrefix(Self.path + "/") }

    /// The key that a path names: as it was sent where it is not valid percent-encoding.
    static func key(inPath path: String) -> String? {
        guard path.hasPrefix(Self.path + "/") else { return nil }
        let text = path.dropFirst(Self.path.count + 1)
        return Query.decode(text) ?? String(text)
    }

    private static func one(_ call: Call) async throws -> Reply {
        let context = try await OFREPContext(call)
        let state = try await state(call)
        let key = call.parameters["key"] ?? ""
        guard let answer = OFREPAnswers.one(key, state, context.subject, clientsOnly: call.isUser) else {
            throw GateError(.flagUnknown, "there is no flag and no gate \(quoted(key))")
        }
        count([answer], state, call)
        return .read(JSONWriter.bytes(answer.json), of: state)
    }

    private static func all(_ call: Call) async throws -> Reply {
        let context = try await OFREPContext(call)
        let state = try await state(call)
        let answers = OFREPAnswers.all(state, context.subject, clientsOnly: call.isUser)
        count(answers, state, call)
        let stream = try OFREPStream.entry(for: context.subject, call)
        let body = JSONWriter.bytes(["flags": .array(answers.map(\.json)), "eventStreams": [stream]])
        let tag = EntityTag.make(body, incarnation: state.incarnation, context: context.canonicalBytes)
        return .read(body, of: state, tag: tag, to: call.request)
    }

    /// A gate's answer counts here as anywhere.
    private static func count(_ answers: [OFREPEvaluation], _ state: Snapshot, _ call: Call) {
        for answer in answers {
            let gate = GateName(unchecked: answer.key)
            if state.gates[gate] != nil { call.service.metrics.decided(gate, isAllowed: answer.value) }
        }
    }

    /// The state to answer from: not older than the event that made the client ask again, nor than `Gate-Min-Revision` asks.
    private static func state(_ call: Call) async throws -> Snapshot {
        let asked = try await EvaluationController.reached(call).snapshot
        // What is no position of ours is no reason to refuse: the parameter is a hint.
        guard let told = call.query["flagConfigEtag"].flatMap({ Position($0.filter { $0 != "\"" }) }) else { return asked }
        let known = try await call.reached(told).snapshot
        return known.revision > asked.revision ? known : asked
    }
}
