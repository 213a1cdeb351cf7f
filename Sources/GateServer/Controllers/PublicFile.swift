import Crypto
import GateCore
import HTTPTypes
import Hummingbird

/// A file for browsers that is part of the binary.
struct PublicFile: Sendable {
    let name: String
    let bytes: [UInt8]

    /// The SDK and the embed panel: ES modules, served as they are.
    static let sdk: [PublicFile] = [
        PublicFile(name: "gate.js", bytes: PackageResources.gate_js),
        PublicFile(name: "gate-clock.js", bytes: PackageResources.gate_clock_js),
        PublicFile(name: "gate-events.js", bytes: PackageResources.gate_events_js),
        PublicFile(name: "gate-feed.js", bytes: PackageResources.gate_feed_js),
        PublicFile(name: "gate-known.js", bytes: PackageResources.gate_known_js),
        PublicFile(name: "gate-tabs.js", bytes: PackageResources.gate_tabs_js),
        PublicFile(name: "server-sent-events.js", bytes: PackageResources.server_sent_events_js),
        PublicFile(name: "ticket-embed-contract.js", bytes: PackageResources.ticket_embed_contract_js),
        PublicFile(name: "ticket-embed-panel.js", bytes: PackageResources.ticket_embed_panel_js),
        PublicFile(name: "ticket-embed-texts.js", bytes: PackageResources.ticket_embed_texts_js),
        PublicFile(name: "ticket-embed-view.js", bytes: PackageResources.ticket_embed_view_js),
    ]
    static let documentationStyle = PublicFile(name: "docs.css", bytes: PackageResources.docs_css)
    static let demoPage = PublicFile(name: "demo.html", bytes: PackageResources.demo_html)
    static let demo = [
        PublicFile(name: "demo.js", bytes: PackageResources.demo_js), PublicFile(name: "demo.css", bytes: PackageResources.demo_css),
    ]
    static let crmPage = PublicFile(name: "crm-embed.html", bytes: PackageResources.crm_embed_html)
    static let crm = [
        PublicFile(name: "crm-embed.js", bytes: PackageResources.crm_embed_js),
        PublicFile(name: "crm-embed.css", bytes: PackageResources.crm_embed_css),
    ]

    private var contentType: String {
        switch name.split(separator: ".").last {
        case "js": "text/javascript; charset=utf-8"
        case "css": "text/css; charset=utf-8"
        default: "text/html; charset=utf-8"
        }
    }

    /// The endpoint that serves it.
    ///
    /// - Parameters:
    ///   - summary, content, type: where they are not those of a file.
    ///   - policy: its Content-Security-Policy, for a page.
    func endpoint(
        at path: String, summary: String? = nil, content: Content? = nil, type: String? = nil, policy: @escaping @Sendable () -> String? = { nil }
    ) -> Endpoint {
        let tag = EntityTag.make(bytes, incarnation: "")
        let contentType = type ?? contentType
        let content = content ?? .text(contentType, "The file.")
        return Endpoint(.get, path, .open, summary ?? "The file \(name)", parameters: nil, answers: content, manners: [.cached]) { call in
            let isKnown = EntityTag.matches(call.request.headers[.ifNoneMatch], tag)
            var reply = Reply(status: isKnown ? .notModified : .ok, bytes: isKnown ? [] : bytes)
            reply.headers = [.contentType: contentType, .eTag: tag, .cacheControl: "no-cache"]
            if let policy = policy() {
                reply.headers[.contentSecurityPolicy] = policy
                reply.headers[HTTPField.Name("Referrer-Policy")!] = "strict-origin-when-cross-origin"
            }
            return reply
        }
    }
}
