import GateCore
import HTTPTypes

/// What a listener serves, described: for programs, and for people.
enum DocumentationController {
    /// Nothing but the page's own style sheet.
    private static let policy = "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

    /// The endpoints and those that describe them all.
    ///
    /// - Parameters:
    ///   - url: how clients reach the server; nil for where they got the document from.
    ///   - cookie: the name of the cookie that may carry a user's token.
    static func documenting(
        _ endpoints: [Endpoint], url: String? = nil, cookie: String = Authenticator.defaultCookieName
    ) -> [Endpoint] {
        // The document describes its own endpoints too: what it says of them does not hang on what they answer.
        let all = endpoints + descriptions(of: nil)
        return endpoints + descriptions(of: OpenAPIDocument(all, url: url, cookie: cookie))
    }

    private static func descriptions(of document: OpenAPIDocument?) -> [Endpoint] {
        [
            file(
                "/openapi.json", "This document: OpenAPI 3.1", .json("OpenAPI"), "application/json", document?.bytes ?? [],
                policy: nil),
            file(
                "/docs", "The API, to be read", .text("text/html; charset=utf-8", "A page."), "text/html; charset=utf-8",
                document.map { DocumentationPage($0).bytes } ?? [], policy: policy),
            PublicFile.documentationStyle.endpoint(at: "/\(PublicFile.documentationStyle.name)"),
        ]
    }

    /// Bytes that stay as they are as long as the server runs.
    private static func file(
        _ path: String, _ summary: String, _ content: Content, _ type: String, _ bytes: [UInt8], policy: String?
    ) -> Endpoint {
        PublicFile(name: path, bytes: bytes).endpoint(at: path, summary: summary, content: content, type: type, policy: { policy })
    }
}
