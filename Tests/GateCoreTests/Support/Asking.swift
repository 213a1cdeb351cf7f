import HashTreeCollections

@testable import GateCore

extension Identifier {
    /// A name written down in a test.
    init(stringLiteral value: String) { self.init(unchecked: value) }
}

extension FlagCode: ExpressibleByStringLiteral {}
extension PermissionKey: ExpressibleByStringLiteral {}
extension GateName: ExpressibleByStringLiteral {}
extension RoleName: ExpressibleByStringLiteral {}
extension GroupName: ExpressibleByStringLiteral {}
extension CompanyID: ExpressibleByStringLiteral {}
extension UserID: ExpressibleByStringLiteral {}
extension TokenID: ExpressibleByStringLiteral {}
extension StageName: ExpressibleByStringLiteral {}
extension ScheduleID: ExpressibleByStringLiteral {}
extension WebhookID: ExpressibleByStringLiteral {}

extension Snapshot {
    /// A state made of entities, each with its place in the list as its revision.
    init(_ entities: Entity...) throws {
        self.init(incarnation: "test")
        for (index, entity) in entities.enumerated() { try apply([.put(entity)], revision: Int64(index + 1)) }
    }

    func record(_ company: CompanyID) -> CompanyRecord? { companies[company] }

    func verdict(_ code: FlagCode, for company: CompanyID) -> Verdict { verdict(code, companies[company]) }

    func trace(_ code: FlagCode, for company: CompanyID) -> FlagTrace { trace(code, companies[company], companyID: company) }

    /// Every entity with its revision: what two states are compared by.
    var facts: [Fact] { allEntities().map { Fact(entity: $0.entity, revision: $0.revision) } }

    /// Every entity, revisions aside.
    var values: [Entity] { allEntities().map(\.entity) }
}

struct Fact: Hashable, CustomStringConvertible {
    var entity: Entity
    var revision: Revision
    var description: String { "\(entity.ref)@\(revision) \(entity.json.text)" }
}

extension Planner.Context {
    static var admin: Planner.Context { Planner.Context(authority: .full) }
    static var registering: Planner.Context { Planner.Context(authority: .full, newCompany: true) }
}

/// The error that the body throws; nil when it throws none.
func refusal<Result>(_ body: () throws -> Result) -> GateError? {
    do {
        _ = try body()
        return nil
    } catch {
        return error as? GateError
    }
}

/// As `refusal`, for a body that waits.
func refusalOf<Result: Sendable>(_ body: () async throws -> Result) async -> GateError? {
    do {
        _ = try await body()
        return nil
    } catch {
        return error as? GateError
    }
}
