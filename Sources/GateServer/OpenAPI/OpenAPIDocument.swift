import GateCore
import HTTPTypes

/// The API's own description (OpenAPI 3.1), made of the very endpoints that a listener serves.
struct OpenAPIDocument: Sendable {
    let json: JSONValue
    let bytes: [UInt8]

    /// - Parameters:
    ///   - url: how clients reach the server; nil for where the document came from.
    ///   - cookie: the name of the cookie that may carry a user's token.
    init(_ endpoints: [Endpoint], url: String? = nil, cookie: String = Authenticator.defaultCookieName) {
        var paths = JSONObject()
        for endpoint in endpoints {
            var item = paths[endpoint.path]?.objectValue ?? JSONObject()
            item[endpoint.method.rawValue.lowercased()] = OpenAPIOperation(endpoint: endpoint).json
            paths[endpoint.path] = .object(item)
        }
        json = [
            "openapi": "3.1.0",
            "info": [
                "title": "Gate", "version": .string(SystemController.version), "summary": "Feature flags and permission gates.",
                "description": .string(Self.description), "license": ["name": "Proprietary"],
            ],
            "servers": [["url": .string(url ?? "/")]],
            "tags": .array(OpenAPITag.allCases.map { ["name": .string($0.rawValue), "description": .string($0.description)] }),
            "paths": .object(paths),
            "components": [
                "schemas": .object(JSONObject(Schemas.all.map { ($0.name, .object($0.schema.json)) })),
                "responses": OpenAPIComponents.responses(endpoints), "headers": OpenAPIComponents.headers,
                "securitySchemes": [
                    "apiToken": [
                        "type": "http", "scheme": "bearer", "bearerFormat": "gate_<kind>_…",
                        "description": "An API token. What its kind may do is said at each operation.",
                    ],
                    "userToken": [
                        "type": "http", "scheme": "bearer", "bearerFormat": "JWT",
                        "description": "The SSO's token of a user: answers about themselves, and nothing else.",
                    ],
                    "userCookie": [
                        "type": "apiKey", "in": "cookie", "name": .string(cookie),
                        "description": "The same token, in a cookie. Bearer counts when both are sent.",
                    ],
                ],
            ],
        ]
        bytes = JSONWriter.bytes(json)
    }

    private static let description = """
        Everything fails closed: what is not known is off, and who is not known gets nothing.

        Every path answers OPTIONS with `Allow`, and HEAD where it answers GET; another method is 405. An `Accept` that excludes what would be \
        answered is 406. Errors are `application/problem+json` (RFC 9457) with a stable `code`, on the paths of a standard in that standard's own shape.

        To a user's token every path but those that take one is the same 404 as a path that does not exist. Unknown members of a body and, under \
        `/v1/admin`, unknown query parameters are refused. Names in a request that nobody knows are 404, what is at odds with the state is 409.
        """
}
