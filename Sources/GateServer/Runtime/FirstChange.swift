import GateCore

/// What an empty database begins with: the seeds as its first change, and the first admin token.
struct FirstChange {
    let configuration: ServerConfiguration
    let clock: @Sendable () -> Timestamp

    /// Does nothing to a database that has a history.
    func make(with writer: GateWriter) async throws {
        guard writer.store.current.snapshot.revision == 0 else { return }
        var entities: [Entity] = []
        // The file before any change: after one, a start that failed on the file's path would never write it again.
        let first = try bootstrapToken()
        for folder in configuration.seeds { entities += try ManifestFiles.entities(folder) }
        if !entities.isEmpty {
            let command = Command.apply(entities, prune: false, force: false, expecting: nil)
            _ = try await writer.write(Self.request(command, actor: "seeds", reason: "the seeds of an empty database"))
        }
        if let first {
            _ = try await writer.write(Self.request(.put(.token(first)), actor: "bootstrap", reason: "the first admin token"))
        }
    }

    /// A new admin token whose text is in the file by now; nil where no file is named.
    private func bootstrapToken() throws(GateError) -> Token? {
        guard let path = configuration.bootstrapTokenFile else { return nil }
        let (text, token) = TokenController.issue(.admin, name: "bootstrap", life: Token.defaultLife, now: clock())
        try SmallFile.put(Array((text + "\n").utf8), at: path, mode: 0o600, replacing: true)
        return token
    }

    private static func request(_ command: Command, actor: String, reason: String) -> WriteRequest {
        var request = WriteRequest(command, actor: actor, reason: reason, authority: .full)
        request.newCompany = true
        return request
    }
}
