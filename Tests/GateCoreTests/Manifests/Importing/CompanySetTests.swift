import Testing

@testable import GateCore

@Suite("Sets of companies")
struct CompanySetTests {
    static let companies: [CompanyID] = ["a", "b", "c", "d"]

    private func members(_ set: CompanySet) -> Set<CompanyID> { Set(Self.companies).filter { set.names.contains($0) != set.isAllBut } }

    @Test("are united, cut and turned round as sets are, for all of four companies")
    func algebra() {
        let subsets = (0..<16).map { bits in Set(Self.companies.enumerated().filter { bits >> $0.offset & 1 == 1 }.map(\.element)) }
        let sets = subsets.flatMap { [CompanySet($0), CompanySet(allBut: $0)] }
        for one in sets {
            #expect(members(one.complement) == Set(Self.companies).subtracting(members(one)))
            for other in sets {
                var union = one
                union.formUnion(other)
                #expect(members(union) == members(one).union(members(other)))
                #expect(members(one.intersection(other)) == members(one).intersection(members(other)))
                #expect(members(one.subtracting(other)) == members(one).subtracting(members(other)))
            }
        }
    }

    @Test("are empty only when no company can be in them")
    func empty() {
        #expect(CompanySet.none.isEmpty)
        #expect(!CompanySet.everyone.isEmpty)
        // There are other companies than those four.
        #expect(!CompanySet(allBut: Set(Self.companies)).isEmpty)
    }
}
