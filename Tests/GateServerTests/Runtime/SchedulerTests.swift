import GateCore
import HashTreeCollections
import NIOHTTP1
import Testing

@testable import GateServer

/// What is done by the clock, with a clock that only the test moves.
@Suite("Schedules", .timeLimit(.minutes(10)))
struct SchedulerTests {
    private static let embed = "/flags/embed/companies/umbrella"

    private static func on(_ server: TestServer, _ company: String = "umbrella") async throws -> Bool {
        let rows = try await server.read("/flags/embed/companies").json["data"]?.arrayValue ?? []
        return rows.first { $0["company_id"]?.stringValue == company }?["value"] == true
    }

    @Test("A change for two hours is taken back after two hours, by the schedule, once")
    func lasting() async throws {
        try await TestServer.running { server in
            let receipt = try await server.change(.PUT, Self.embed + "?for=2h", ["enabled": true])
            #expect(receipt["schedule"]?["due_at"] == .string((server.clock.now + TimeSpan(seconds: 7_200)).description))
            #expect(try await Self.on(server))
            server.clock.pass(seconds: 7_199)
            await server.scheduler.runDue()
            #expect(try await Self.on(server))
            server.clock.pass(seconds: 1)
            await server.scheduler.runDue()
            #expect(try await !Self.on(server))
            let last = try await server.read("/changes?limit=1").json["data"]?.arrayValue?.first
            #expect(last?["actor"]?.stringValue?.hasPrefix("schedule/s-") == true)
            #expect(try await server.read("/schedules").json["data"] == [])
            let revision = try await server.revision()
            await server.scheduler.runDue()
            #expect(try await server.revision() == revision)
        }
    }

    @Test("A colleague's own write, even one that changes nothing, cancels the inverse and says so")
    func cancelled() async throws {
        try await TestServer.running { server in
            let id = try await server.change(.PUT, "/flags/embed/companies/acme?for=2h", ["enabled": false])["schedule"]?["id"]
            let again = try await server.change(.PUT, "/flags/embed/companies/acme", ["enabled": false])
            #expect(again["cancelled_schedules"] == .array([try #require(id)]) && again["impact"]?["total"] == 0)
            server.clock.pass(seconds: 7_201)
            await server.scheduler.runDue()
            #expect(try await !Self.on(server, "acme"))
            #expect(try await server.read("/schedules").json["data"] == [])
        }
    }

    @Test("A change for a time may follow another: the first one's way back is cancelled, and the second's goes to where the first had led")
    func again() async throws {
        try await TestServer.running { server in
            let first = try await server.change(.PUT, "/flags/embed/companies/acme?for=1h", ["enabled": false])["schedule"]?["id"]
            let second = try await server.change(.PUT, "/flags/embed/companies/acme?for=2h", ["enabled": true])
            #expect(first != nil && second["cancelled_schedules"] == .array([first ?? .null]))
            #expect(try await server.read("/schedules").data.map { $0["id"] } == [second["schedule"]?["id"]])
            server.clock.pass(seconds: 7_201)
            for _ in 0..<50 where try await !server.read("/schedules").data.isEmpty { try await Task.sleep(for: .milliseconds(100)) }
            #expect(try await server.read("/flags/embed/companies/acme").json == ["enabled": false])
        }
    }

    @Test("What would change nothing cannot be for a time, and what cannot wait is refused")
    func refused() async throws {
        try await TestServer.running { server in
            let refusal1 = try await server.write(.PUT, "/flags/embed/companies/acme?for=2h", ["enabled": true])
            #expect(refusal1.code == "nothing_changes", "\(refusal1.text)")
            let refusal2 = try await server.write(.PUT, "/flags/embed/holds?for=2h", [:])
            #expect(refusal2.code == "schedule_unsupported", "\(refusal2.text)")
            let refusal3 = try await server.write(.POST, "/tokens?at=2100-01-01T00:00Z", ["kind": "read"])
            #expect(refusal3.code == "time_invalid", "\(refusal3.text)")
            let soon = (server.clock.now + TimeSpan(seconds: 60)).description
            let refusal4 = try await server.write(.POST, "/tokens?at=\(soon)", ["kind": "read"])
            #expect(refusal4.code == "schedule_unsupported", "\(refusal4.text)")
            let refusal5 = try await server.write(.PUT, "/flags/embed/companies/nobody?at=\(soon)", ["enabled": true])
            #expect(refusal5.code == "company_unknown", "\(refusal5.text)")
        }
    }

    @Test("A step is done at its time; one whose entity was changed since, or is held, fails where everybody sees it")
    func later() async throws {
        try await TestServer.running { server in
            let due = (server.clock.now + TimeSpan(seconds: 60)).description
            _ = try await server.change(.PUT, Self.embed + "?at=\(due)", ["enabled": true])
            let other =
                try await server.change(.PUT, "/flags/embed/companies/acme?at=\(due)", ["enabled": false])["schedule"]?["id"]?.stringValue ?? ""
            _ = try await server.change(.PATCH, "/flags/dark?at=\(due)", ["enabled": true])
            #expect(try await !Self.on(server))
            _ = try await server.change(.DELETE, "/flags/embed/companies/acme")
            _ = try await server.change(.PUT, "/flags/dark/holds", [:])
            server.clock.pass(seconds: 61)
            await server.scheduler.runDue()
            #expect(try await Self.on(server))
            let failures = try await server.read("/schedules").json["data"]?.arrayValue?.compactMap { $0["failure"]?.stringValue } ?? []
            #expect(failures.count == 2 && failures.contains { $0.contains("changed by somebody else") } && failures.contains { $0.contains("held") })
            let last = try await server.read("/changes?limit=5").json["data"]?.arrayValue ?? []
            #expect(last.contains { $0["actor"]?.stringValue == "schedule/\(other)" }, "the failure is a change record")
            _ = try await server.change(.DELETE, "/schedules/\(other)")
        }
    }

    @Test("What fell due while no server ran: an off is done at the start, an on fails visibly")
    func overdue() async throws {
        try await TestFolder.with { folder in
            let clock = TestClock()
            try await TestServer.running(in: folder, clock: clock) { server in
                let due = (clock.now + TimeSpan(seconds: 60)).description
                _ = try await server.change(.PUT, "/flags/embed/companies/acme?at=\(due)", ["enabled": false])
                _ = try await server.change(.PUT, Self.embed + "?at=\(due)", ["enabled": true])
            }
            clock.pass(seconds: 3_600)
            try await TestServer.running(in: folder, clock: clock) { server in
                await server.scheduler.runDue()
                #expect(try await !Self.on(server, "acme"))
                let left = try await server.read("/schedules").json["data"]?.arrayValue ?? []
                #expect(left.count == 1 && left[0]["failure"]?.stringValue?.contains("while the server was down") == true)
                #expect(try await !Self.on(server))
            }
        }
    }

    @Test("A clock that is moved forth and back an hour leaves revisions without gaps and does everything once")
    func clockTrouble() async throws {
        try await TestServer.running { server in
            let receipt = try await server.change(.PUT, Self.embed + "?for=30m", ["enabled": true])
            server.clock.pass(seconds: -3_600)
            try await server.change(.PUT, "/flags/embed/companies/globex", ["enabled": false])
            await server.scheduler.runDue()
            #expect(try await Self.on(server), "the clock says that it is not due")
            server.clock.pass(seconds: 3_600 + 1_799)
            await server.scheduler.runDue()
            #expect(try await Self.on(server))
            server.clock.pass(seconds: 3_601)
            await server.scheduler.runDue()
            #expect(try await !Self.on(server))
            server.clock.pass(seconds: -3_600)
            try await server.change(.PUT, "/flags/embed/companies/globex", ["enabled": true])
            let revisions = try await server.read("/changes").json["data"]?.arrayValue?.compactMap { $0["revision"]?.integerValue } ?? []
            #expect(revisions == Array((1...(receipt["revision"]!.integerValue! + 3)).reversed()))
            #expect(try await server.read("/audit").json["valid"] == true)
        }
    }
}
