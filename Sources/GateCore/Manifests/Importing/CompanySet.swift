/// A set of companies, by their names or as all but those named: whatever conditions on a company's id can say.
struct CompanySet: Hashable, Sendable {
    private(set) var names: Set<CompanyID>
    /// Whether the names are those of the companies that are not in it.
    private(set) var isAllBut: Bool

    static let none = CompanySet([])
    static let everyone = CompanySet(allBut: [])

    init(_ names: Set<CompanyID>) { (self.names, isAllBut) = (names, false) }
    init(allBut names: Set<CompanyID>) { (self.names, isAllBut) = (names, true) }

    var isEmpty: Bool { !isAllBut && names.isEmpty }

    var complement: CompanySet {
        var others = self
        others.isAllBut.toggle()
        return others
    }

    mutating func formUnion(_ other: CompanySet) {
        switch (isAllBut, other.isAllBut) {
        case (false, false): names.formUnion(other.names)
        case (true, false): names.subtract(other.names)
        case (false, true): self = CompanySet(allBut: other.names.subtracting(names))
        case (true, true): names.formIntersection(other.names)
        }
    }

    mutating func formIntersection(_ other: CompanySet) {
        switch (isAllBut, other.isAllBut) {
        case (false, false): names.formIntersection(other.names)
        case (true, false): self = CompanySet(other.names.subtracting(names))
        case (false, true): names.subtract(other.names)
        case (true, true): names.formUnion(other.names)
        }
    }

    func intersection(_ other: CompanySet) -> CompanySet {
        var common = self
        common.formIntersection(other)
        return common
    }

    func subtracting(_ other: CompanySet) -> CompanySet { intersection(other.complement) }
}
