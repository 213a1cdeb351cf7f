import HashTreeCollections

extension Snapshot {
    /// The entity as it stands, with the revision that last changed it; nil and 0 where it is absent.
    package func entity(_ ref: EntityRef) -> (entity: Entity?, revision: Revision) {
        switch ref {
        case .company(let id): companies[id].map { (.company($0.company), $0.revision) } ?? (nil, 0)
        case .permission(let key): permissions[key].map { (.permission($0.value), $0.revision) } ?? (nil, 0)
        case .role(let name): roles[name].map { (.role($0.value), $0.revision) } ?? (nil, 0)
        case .flag(let code): flags[code].map { (.flag($0.flag), $0.revision) } ?? (nil, 0)
        case .flagState(let flag, let company):
            cell(flag, company).flatMap { cell in
                cell.enabled.map { (.flagState(FlagState(flag: flag, company: company, enabled: $0)), cell.stateRevision) }
            } ?? (nil, 0)
        case .hold(let flag, nil):
            flags[flag].flatMap { $0.heldAt == 0 ? nil : (.hold(Hold(flag: flag)), $0.heldAt) } ?? (nil, 0)
        case .hold(let flag, let company?):
            cell(flag, company).flatMap { $0.heldAt == 0 ? nil : (.hold(Hold(flag: flag, company: company)), $0.heldAt) } ?? (nil, 0)
        case .epoch(let flag, nil):
            flags[flag].flatMap { $0.epoch == 0 ? nil : (.epoch(Epoch(flag: flag)), $0.epoch) } ?? (nil, 0)
        case .epoch(let flag, let company?):
            cell(flag, company).flatMap { $0.epoch == 0 ? nil : (.epoch(Epoch(flag: flag, company: company)), $0.epoch) } ?? (nil, 0)
        case .rollout(let flag): flags[flag]?.rollout.map { (.rollout($0.value), $0.revision) } ?? (nil, 0)
        case .guard(let flag): flags[flag]?.conditions.map { (.guard($0.value), $0.revision) } ?? (nil, 0)
        case .gate(let name): gates[name].map { (.gate($0.value), $0.revision) } ?? (nil, 0)
        case .event(let name): eventTypes[name].map { (.event($0.value), $0.revision) } ?? (nil, 0)
        case .user(let company, let id):
            user(company, id).map { (.user(User(company: company, id: id, grants: $0.grants)), $0.revision) } ?? (nil, 0)
        case .token(let id): tokens[id].map { (.token($0.value), $0.revision) } ?? (nil, 0)
        case .schedule(let id): schedules[id].map { (.schedule($0.value), $0.revision) } ?? (nil, 0)
        case .webhook(let id): webhooks[id].map { (.webhook($0.value), $0.revision) } ?? (nil, 0)
        }
    }

    package func cell(_ flag: FlagCode, _ company: CompanyID) -> CompanyRecord.Cell? {
        guard let slot = flags.slot(flag) else { return nil }
        return companies[company]?.cells[slot]
    }

    /// The explicit states and holds of one company, in the order of its flags' slots.
    package func cells(of record: CompanyRecord) -> [(flag: FlagCode, cell: CompanyRecord.Cell)] {
        record.cells.entries.compactMap { slot, cell in flags[slot].map { ($0.flag.code, cell) } }
    }

    /// Everything, each with its revision, in one fixed order: two states are the same when these are.
    package func allEntities() -> [(entity: Entity, revision: Revision)] {
        var all: [(Entity, Revision)] = []
        let records = companies.values.sorted { $0.company.id < $1.company.id }
        all += records.map { (.company($0.company), $0.revision) }
        all += permissions.values.sorted { $0.value.key < $1.value.key }.map { (.permission($0.value), $0.revision) }
        all += roles.values.sorted { $0.value.name < $1.value.name }.map { (.role($0.value), $0.revision) }
        for slot in flags.order {
            guard let entry = flags[slot] else { continue }
            all.append((.flag(entry.flag), entry.revision))
            if entry.heldAt != 0 { all.append((.hold(Hold(flag: entry.flag.code)), entry.heldAt)) }
            if entry.epoch != 0 { all.append((.epoch(Epoch(flag: entry.flag.code)), entry.epoch)) }
            if let rollout = entry.rollout { all.append((.rollout(rollout.value), rollout.revision)) }
            if let conditions = entry.conditions { all.append((.guard(conditions.value), conditions.revision)) }
        }
        for record in records {
            for (flag, cell) in cells(of: record).sorted(by: { $0.flag < $1.flag }) {
                let company = record.company.id
                if let enabled = cell.enabled {
                    all.append((.flagState(FlagState(flag: flag, company: company, enabled: enabled)), cell.stateRevision))
                }
                if cell.heldAt != 0 { all.append((.hold(Hold(flag: flag, company: company)), cell.heldAt)) }
                if cell.epoch != 0 { all.append((.epoch(Epoch(flag: flag, company: company)), cell.epoch)) }
            }
        }
        all += gates.values.sorted { $0.value.name < $1.value.name }.map { (.gate($0.value), $0.revision) }
        all += eventTypes.values.sorted { $0.value.name < $1.value.name }.map { (.event($0.value), $0.revision) }
        for company in users.keys.sorted() {
            let members = users[company]!.sorted { $0.key < $1.key }
            all += members.map { (.user(User(company: company, id: $0.key, grants: $0.value.grants)), $0.value.revision) }
        }
        all += tokens.values.sorted { $0.value.id < $1.value.id }.map { (.token($0.value), $0.revision) }
        all += schedules.values.sorted { $0.value.id < $1.value.id }.map { (.schedule($0.value), $0.revision) }
        all += webhooks.values.sorted { $0.value.id < $1.value.id }.map { (.webhook($0.value), $0.revision) }
        return all
    }
}
