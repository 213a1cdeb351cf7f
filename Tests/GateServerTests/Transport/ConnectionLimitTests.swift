import Testing

@testable import GateServer

@Suite("Connection limit")
struct ConnectionLimitTests {
    @Test("The excess is told so, the surplus is not, and a free place is given again")
    func admissions() {
        let limit = ConnectionLimit(maximum: 2)
        #expect([limit.entered(), limit.entered()] == [.admitted, .admitted])
        let told = (0..<ConnectionLimit.courtesies).map { _ in limit.entered() }
        #expect(told.allSatisfy { $0 == .excess(allowed: 2) })
        #expect(limit.entered() == .surplus)
        limit.left(.surplus)
        limit.left(.admitted)
        #expect(limit.count == 1)
        #expect(limit.entered() == .admitted)
        #expect(limit.entered() == .surplus)
        limit.left(.excess(allowed: 2))
        #expect(limit.entered() == .excess(allowed: 2))
    }

    @Test("Zero is no limit")
    func unlimited() {
        let limit = ConnectionLimit(maximum: 0)
        #expect((0..<5_000).allSatisfy { _ in limit.entered() == .admitted })
    }
}
