/// The time since a hold was last lifted, of a flag or of a flag for one company: its number is the revision that began it.
///
/// The detectors of a guard count within an epoch. An entity of its own, because lifting a hold removes the hold.
package struct Epoch: Hashable, Sendable {
    package var flag: FlagCode
    package var company: CompanyID?

    package init(flag: FlagCode, company: CompanyID? = nil) {
        self.flag = flag
        self.company = company
    }
}

extension Epoch: EntityValue {
    package init(_ reader: JSONReader) throws(GateError) {
        let members = try reader.members(["flag", "company_id"])
        self.init(flag: try members.required("flag").identifier(), company: try members["company_id"]?.identifier())
    }

    package var json: JSONValue { .object(EntityRef.epoch(flag, company).identity) }
}
