/// flagd's definitions: `flags`, each with a state, variants, a default variant and targeting; rules that flags share in `$evaluators`.
package struct FlagdDefinition {
    let companyField: String
    /// The rules that `$ref` names.
    let evaluators: JSONMembers?
    var translation = Translation()

    /// - Parameter companyField: the context's field that holds a company's id.
    /// - Throws: what makes the file no definition at all; what can merely not be expressed is listed.
    package static func translate(_ document: JSONValue, companyField: String) throws(GateError) -> Translation {
        let root = try JSONReader(document).members()
        guard let flags = root["flags"] else { throw GateError(.manifestInvalid, "this is no flagd definition: it has no flags", pointer: "/flags") }
        var definition = FlagdDefinition(companyField: companyField, evaluators: try root["$evaluators"]?.members())
        if let metadata = root["metadata"] { try definition.leaveOut(metadata) }
        definition.translation.leaveOutStrangers(in: root, known: ["flags", "$evaluators", "metadata", "$schema"])
        for (name, flag) in try Self.flags(flags, &definition.translation) { try definition.translate(name, flag) }
        return definition.translation
    }

    private init(companyField: String, evaluators: JSONMembers?) { (self.companyField, self.evaluators) = (companyField, evaluators) }

    /// A map by key, or a list whose elements have their key.
    private static func flags(_ reader: JSONReader, _ translation: inout Translation) throws(GateError) -> [(name: String, reader: JSONReader)] {
        guard case .array = reader.value else {
            let flags = try reader.members().all
            guard flags.count <= Translation.mostFlags else {
                throw GateError(
                    .limitExceeded, "\(reader.pointer) has too many flags: at most \(Translation.mostFlags)", pointer: reader.pointer,
                    limit: .init("flags", provided: flags.count, allowed: Translation.mostFlags))
            }
            return flags
        }
        var flags: [(name: String, reader: JSONReader)] = []
        var names: Set<String> = []
        for element in try reader.elements(atMost: Translation.mostFlags) {
            let name = try element.members().required("key").string()
            if names.insert(name).inserted {
                flags.append((name, element))
            } else {
                translation.leaveOut(element.pointer, flag: name, "the whole flag: its key stands above already")
            }
        }
        return flags
    }

    private mutating func leaveOut(_ metadata: JSONReader, flag: String? = nil) throws(GateError) {
        for (name, reader) in try metadata.members().all {
            translation.leaveOut(reader.pointer, flag: flag, "the metadata \(quoted(name))", effect: .bookkeeping)
        }
    }

    private mutating func translate(_ name: String, _ reader: JSONReader) throws(GateError) {
        let members = try reader.members()
        let code: FlagCode
        do throws(GateError) {
            code = try FlagCode(name)
        } catch {
            return translation.leaveOut(reader.pointer, flag: name, "the whole flag: \(error.detail)")
        }
        let holder = try members.required("variants")
        var variants: [String: Bool] = [:]
        for (variant, value) in try holder.members().all {
            guard case .bool(let isOn) = value.value else {
                return translation.leaveOut(
                    value.pointer, flag: name, "the whole flag: a variant is \(value.value.typeName), and a flag is on or off here")
            }
            variants[variant] = isOn
        }
        var flag = TranslatedFlag(code: code)
        flag.enabled = try isEnabled(members, flag: name)
        if let metadata = members["metadata"] { try leaveOut(metadata, flag: name) }
        translation.leaveOutStrangers(in: members, flag: name, known: ["key", "state", "variants", "defaultVariant", "targeting", "metadata"])
        let usual = try defaultVariant(members, variants, flag: name)
        if let targeting = members["targeting"], targeting.value.saysSomething {
            var rules = FlagdTargeting(&self, flag: flag, variants: variants, usual: usual)
            try rules.answer(targeting, for: .everyone)
            (translation, flag) = (rules.translation, rules.flag)
        } else if usual {
            flag.reach(.everyone, percentage: 100, at: reader.pointer)
        }
        try translation.add(flag)
    }

    private mutating func isEnabled(_ members: JSONMembers, flag: String) throws(GateError) -> Bool {
        let state = try members.required("state")
        switch try state.string() {
        case "ENABLED": return true
        case "DISABLED":
            translation.leaveOut(
                state.pointer, flag: flag, "that clients fall back on the default in their code while it is disabled: it is off for them here")
        default: translation.leaveOut(state.pointer, flag: flag, "the state \(quoted(try state.string())), so it is off")
        }
        return false
    }

    /// What is answered where targeting says nothing.
    private mutating func defaultVariant(_ members: JSONMembers, _ variants: [String: Bool], flag: String) throws(GateError) -> Bool {
        guard let reader = members["defaultVariant"] else {
            translation.leaveOut(
                members.pointer, flag: flag,
                "that clients fall back on the default in their code, as there is no defaultVariant: it is off for them here")
            return false
        }
        guard let isOn = variants[try reader.string()] else {
            translation.leaveOut(reader.pointer, flag: flag, "the default: no variant is called \(quoted(try reader.string())), so it is off")
            return false
        }
        return isOn
    }
}
