import Testing

@testable import GateCore

/// Which limits a guard takes.
@Suite("A guard's metric")
struct GuardMetricTests {
    private static func refusal(_ rates: [String: Double], _ events: [String: JSONValue] = [:]) -> GateError? {
        var object: JSONObject = ["name": "m", "errors": ["failed"], "successes": ["created"]]
        for (name, rate) in rates { object[name] = .number(rate) }
        for (name, list) in events { object[name] = list }
        do throws(GateError) {
            _ = try GuardMetric(JSONReader(.object(object)))
            return nil
        } catch {
            return error
        }
    }

    @Test(
        "is taken where four errors alone do not trip it",
        arguments: [
            ["limit": 0.1], ["limit": 0.05], ["limit": 0.01], ["limit": 0.16], ["limit": 0.17, "fast": 0.6, "slow": 0.3],
            ["limit": 0.1, "fast": 0.74], ["limit": 0.1, "slow": 0.12],
        ] as [[String: Double]])
    func taken(rates: [String: Double]) { #expect(Self.refusal(rates) == nil) }

    @Test(
        "is refused above 16 % without both alternatives, and where four errors alone would trip it",
        arguments: [
            (["limit": 0.17], "/limit"), (["limit": 0.17, "fast": 0.6], "/limit"), (["limit": 0.17, "slow": 0.3], "/limit"),
            (["limit": 0.1, "fast": 0.741], "/fast"), (["limit": 0.01, "fast": 0.5], "/fast"), (["limit": 0.1, "slow": 0.6], "/slow"),
            (["limit": 0.1, "fast": 0.1], "/fast"), (["limit": 0.1, "slow": 0.05], "/slow"), (["limit": 0], "/limit"), (["limit": 1], "/limit"),
        ] as [([String: Double], String)])
    func refused(rates: [String: Double], pointer: String) {
        let error = Self.refusal(rates)
        #expect(error?.code == .limitExceeded && error?.pointer == pointer, "\(error?.detail ?? "taken")")
    }

    @Test("names events for both outcomes, none of them twice")
    func events() {
        #expect(Self.refusal(["limit": 0.1], ["errors": []])?.pointer == "/errors")
        #expect(Self.refusal(["limit": 0.1], ["successes": []])?.pointer == "/successes")
        #expect(Self.refusal(["limit": 0.1], ["successes": ["failed"]])?.code == .textInvalid)
    }
}
