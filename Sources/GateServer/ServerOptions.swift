import ArgumentParser

/// The flags of the command line. Each is also `GATE_…` in the environment and a key of the configuration file.
struct ServerOptions: ParsableArguments {
    @Option(help: "The SQLite database, made when it is not there. (default: gate.db)")
    var database: String?
    @Option(help: "A folder of manifests, applied to an empty database as its first change.")
    var seeds: String?
    @Option(help: "The address to listen on. (default: 127.0.0.1)")
    var host: String?
    @Option(help: "The port to listen on; 0 picks a free one. (default: 8080)")
    var port: Int?
    @Option(help: ArgumentHelp("Moves the admin API to a listener of its own.", valueName: "host:port"))
    var adminListen: String?
    @Option(help: "How many threads serve connections. (default: one a core)")
    var threads: Int?
    @Option(help: "With an empty database: where a first admin token is written (mode 0600, never printed).")
    var bootstrapTokenFile: String?
    @Option(help: ArgumentHelp("The keys of users' tokens: a JWKS file, or an https URL.", valueName: "file|url"))
    var jwtJwks: String?
    @Option(help: "The issuer that users' tokens must name.")
    var jwtIssuer: String?
    @Option(help: "The audience that users' tokens must name.")
    var jwtAudience: String?
    @Option(help: "The cookie that may carry a user's token. (default: global_sso_token)")
    var jwtCookie: String?
    @Option(help: "The claim that has a user's company. (default: company_sso_id)")
    var jwtCompanyClaim: String?
    @Option(help: "The claim that has a user's id. (default: sub)")
    var jwtUserClaim: String?
    @Option(help: "A claim that lists a user's roles. (default: none)")
    var jwtRolesClaim: String?
    @Option(help: "A PEM file with the certificate chain, for https.")
    var tlsCertificate: String?
    @Option(help: "A PEM file with the certificate's key.")
    var tlsKey: String?
    @Option(help: ArgumentHelp("The proxies in front of this server, which end TLS.", valueName: "cidr"))
    var trustProxy: String?
    @Option(help: ArgumentHelp("An origin whose pages may read; may be given several times.", valueName: "url"))
    var corsOrigin: [String] = []
    @Option(help: ArgumentHelp("How clients reach this server, where that is not the address it listens on.", valueName: "url"))
    var publicUrl: String?
    @Option(help: ArgumentHelp("Where the embedded form is served from: an event that names another origin stops the flag.", valueName: "url"))
    var crmEmbedUrl: String?
    @Option(help: ArgumentHelp("Addresses that webhooks may lead to although they are not public; may be given several times.", valueName: "cidr"))
    var webhookAllow: [String] = []
    @Option(help: ArgumentHelp("Sets a limit, 0 for none; may be given several times.", valueName: "name=n"))
    var limit: [String] = []
    @Option(help: "The least that is logged: trace, debug, info, notice, warning, error or critical. (default: info)")
    var logLevel: String?
    @Option(help: "How a line of the log looks: json or text. (default: text on a terminal, json elsewhere)")
    var logFormat: String?
    @Option(help: "A YAML file with any of these settings, by the names of the flags.")
    var config: String?
    @Flag(help: "Serves a demo from .gate/: a fresh signing key, seeds with demo companies and users, loopback only.")
    var demo = false

    /// The settings that were given, by key.
    var given: [String: Setting] {
        var settings: [String: Setting] = [:]
        func set(_ key: String, _ value: String?) { if let value { settings[key] = .text(value) } }
        set("database", database)
        set("seeds", seeds)
        set("host", host)
        set("port", port.map(String.init))
        set("admin-listen", adminListen)
        set("threads", threads.map(String.init))
        set("bootstrap-token-file", bootstrapTokenFile)
        set("jwt-jwks", jwtJwks)
        set("jwt-issuer", jwtIssuer)
        set("jwt-audience", jwtAudience)
        set("jwt-cookie", jwtCookie)
        set("jwt-company-claim", jwtCompanyClaim)
        set("jwt-user-claim", jwtUserClaim)
        set("jwt-roles-claim", jwtRolesClaim)
        set("tls-certificate", tlsCertificate)
        set("tls-key", tlsKey)
        set("trust-proxy", trustProxy)
        if !corsOrigin.isEmpty { settings["cors-origin"] = .list(corsOrigin) }
        set("public-url", publicUrl)
        set("crm-embed-url", crmEmbedUrl)
        if !webhookAllow.isEmpty { settings["webhook-allow"] = .list(webhookAllow) }
        if !limit.isEmpty { settings["limit"] = .list(limit) }
        set("log-level", logLevel)
        set("log-format", logFormat)
        return settings
    }

    enum Setting {
        case text(String)
        case list([String])
    }
}
