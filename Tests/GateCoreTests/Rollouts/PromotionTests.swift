import Testing

@testable import GateCore

/// Go or no-go, at the limits and beside them.
@Suite("Promotion")
struct PromotionTests {
    private static let now = Timestamp(microseconds: 1_800_000_000_000_000)
    private static let criteria = Promotion(
        minDuration: TimeSpan(seconds: 3_600), minOpened: 20, minCreated: 10, maxCreateErrorRate: Rate(millionths: 100_000),
        maxAssociateFailedRate: Rate(millionths: 50_000))

    private static func counts(_ edit: (inout OutcomeCounts) -> Void) -> OutcomeCounts {
        var counts = OutcomeCounts()
        (counts.opened, counts.created, counts.createErrors, counts.associated, counts.associateFailed) = (20, 90, 10, 95, 5)
        edit(&counts)
        return counts
    }

    private static func noGo(_ counts: OutcomeCounts, seconds: Int64 = 3_600) -> [String] {
        criteria.table(StageMeasures(began: now - TimeSpan(seconds: seconds), now: now, counts: counts)).filter { !$0.go }.map(\.criterion)
    }

    @Test("is go at every limit, and no-go just beyond any of them")
    func limits() {
        #expect(Self.noGo(Self.counts { _ in }) == [])
        #expect(Self.noGo(Self.counts { _ in }, seconds: 3_599) == ["min_duration"])
        #expect(Self.noGo(Self.counts { $0.opened = 19 }) == ["min_opened"])
        #expect(Self.noGo(Self.counts { ($0.created, $0.createErrors) = (9, 1) }) == ["min_created"])
        #expect(Self.noGo(Self.counts { $0.created = 89 }) == ["max_create_error_rate"])
        #expect(Self.noGo(Self.counts { $0.associated = 94 }) == ["max_associate_failed_rate"])
    }

    @Test("is no-go without data: nothing measured is not healthy")
    func noData() {
        let table = Self.criteria.table(StageMeasures(began: Self.now, now: Self.now))
        #expect(table.map(\.criterion) == ["min_duration", "min_opened", "min_created", "max_create_error_rate", "max_associate_failed_rate"])
        #expect(table.allSatisfy { !$0.go })
        #expect(table.suffix(2).map(\.measured) == [.null, .null])
        #expect(Promotion().table(StageMeasures(began: Self.now, now: Self.now)).isEmpty)
    }

    @Test("is shown beside the RFC's success criteria: created ÷ (created + errors), associated ÷ created, each 99 %")
    func successCriteria() {
        func rows(_ edit: (inout OutcomeCounts) -> Void) -> [JSONValue] { Self.counts(edit).successCriteria.arrayValue ?? [] }
        let met = rows { ($0.created, $0.createErrors, $0.associated, $0.associateFailed) = (990, 10, 981, 500) }
        #expect(met.map { $0["criterion"] } == ["create_reliability", "association_success"])
        #expect(met.map { $0["measured"] } == [.number(0.99), .number(0.990909)])
        #expect(met.allSatisfy { $0["met"] == true && $0["needed"] == .number(0.99) })
        let missed = rows { ($0.created, $0.createErrors, $0.associated) = (989, 10, 979) }
        #expect(missed.map { $0["met"] } == [false, false])
        let empty = OutcomeCounts().successCriteria.arrayValue ?? []
        #expect(empty.allSatisfy { $0["measured"] == .null && $0["met"] == false })
    }
}
