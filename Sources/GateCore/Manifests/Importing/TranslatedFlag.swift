/// A flag on its way from a foreign definition to its manifests: whom it reaches, in the terms that both sides have.
struct TranslatedFlag: Sendable {
    /// A percentage of some companies.
    struct Share: Sendable {
        var percentage: Int
        var companies: CompanySet
        /// Where it stands.
        var pointer: String
    }

    let code: FlagCode
    var description = ""
    var enabled = false
    var permanent = false
    var prerequisites: [FlagCode] = []
    /// Those that it is on for.
    var on = CompanySet.none
    /// Of these a percentage, beside those that it is on for.
    var shares: [Share] = []

    init(code: FlagCode) { self.code = code }

    /// The flag reaches these too: all of them, or a percentage.
    mutating func reach(_ companies: CompanySet, percentage: Int, at pointer: String) {
        switch percentage {
        case ...0: break
        case 100...: on.formUnion(companies)
        default: shares.append(Share(percentage: percentage, companies: companies, pointer: pointer))
        }
    }

    /// The one percentage that a stage can hold, and what of the others it cannot.
    var rollout: (share: Share?, lost: [LeftOut]) {
        var lost: [LeftOut] = []
        var best = on.isAllBut ? Share(percentage: 100, companies: on, pointer: "") : nil
        let name = code.rawValue
        for var share in shares.sorted(by: { $0.percentage > $1.percentage }) {
            share.companies = share.companies.subtracting(on)
            if share.companies.isEmpty { continue }
            if !share.companies.isAllBut {
                lost.append(LeftOut(share.pointer, flag: name, "a percentage of companies that are named one by one: it can be of all but some only"))
            } else if best == nil {
                best = share
                lost.append(
                    LeftOut(
                        share.pointer, flag: name,
                        "which companies fall into the \(share.percentage) %: Gate's buckets are others, the share is the same"))
            } else {
                lost.append(LeftOut(share.pointer, flag: name, "a second percentage: only the largest is kept"))
            }
        }
        return (best, lost)
    }

    /// The explicit states: those that it is on for by name, and those that a percentage must pass over.
    func states(beside rollout: Share?) -> [FlagState] {
        let named = on.isAllBut ? [] : on.names
        let passedOver = rollout.map { $0.companies.names.subtracting(named) } ?? []
        let states =
            named.map { FlagState(flag: code, company: $0, enabled: true) } + passedOver.map { FlagState(flag: code, company: $0, enabled: false) }
        return states.sorted { $0.company < $1.company }
    }
}

extension TranslatedFlag {
    /// Takes over a text for people. Line breaks become spaces; what is too long, or not printable even so, is left out.
    mutating func describe(_ reader: JSONReader?, _ translation: inout Translation) throws(GateError) {
        guard let reader else { return }
        let given = try reader.string()
        let text = given.split(whereSeparator: \.isWhitespace).joined(separator: " ")
        do throws(GateError) {
            try JSONReader.check(text, longest: Flag.longestDescription, what: "the description")
        } catch {
            return translation.leaveOut(reader.pointer, flag: code.rawValue, error.detail, effect: .bookkeeping)
        }
        if given.contains(where: \.isNewline) {
            translation.leaveOut(reader.pointer, flag: code.rawValue, "the description's line breaks: they became spaces", effect: .bookkeeping)
        }
        description = text
    }
}
