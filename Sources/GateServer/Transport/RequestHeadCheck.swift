import NIOHTTP1

/// Decides whether a decoded request head may be acted upon.
///
/// NIO's decoder (llhttp in strict mode) has by then refused bare line feeds, folded lines, control bytes, spaces before a
/// colon, unequal or doubled Content-Length, and Content-Length beside Transfer-Encoding. What it lets through and this does
/// not: transfer codings other than `chunked`, codings over HTTP/1.0, a missing, doubled or odd Host, fragments, and targets
/// that are not of the form their method has. Where a rule is stated in both places, both keep it.
struct RequestHeadCheck {
    enum Verdict: Equatable {
        case accept(RequestShape)
        case refuse(RequestRefusal)
    }

    /// Bytes of the request target.
    var maximumTarget = 4_096
    /// Bytes of all header lines, with their colons and line ends.
    var maximumHeaders = 16_384
    /// Header fields.
    var maximumFields = 64

    /// The verdict on one head. Pure: the same head always gets the same verdict.
    func check(_ head: HTTPRequestHead) -> Verdict {
        do {
            return .accept(try shape(of: head))
        } catch {
            return .refuse(error)
        }
    }

    /// Walks over the fields once, then looks at what they say together.
    private func shape(of head: HTTPRequestHead) throws(RequestRefusal) -> RequestShape {
        let targetLength = head.uri.utf8.count
        guard targetLength <= maximumTarget else { throw .targetTooLong(provided: targetLength, allowed: maximumTarget) }
        var fields = RequestFields()
        for (name, value) in head.headers {
            try fields.read(name: name, value: value)
        }
        guard fields.count <= maximumFields, fields.bytes <= maximumHeaders else {
            throw fields.count > maximumFields
                ? .headersTooLarge(bytes: maximumHeaders, fields: maximumFields)
                : .headersTooLarge(provided: fields.bytes, allowed: maximumHeaders)
        }

        var shape = RequestShape()
        shape.isHTTP10 = head.version == .http1_0
        guard shape.isHTTP10 || head.version == .http1_1 else { throw .malformed("The server speaks HTTP/1.1 and HTTP/1.0.") }
        guard fields.host != nil || shape.isHTTP10 else { throw .malformed("An HTTP/1.1 request needs a Host header field.") }
        shape.body = try body(of: fields, isHTTP10: shape.isHTTP10)
        shape.isLast = shape.isHTTP10 || fields.saysClose || fields.wantsUpgrade
        shape.expectsContinue = fields.expectsContinue && !shape.isHTTP10 && shape.body != .none && shape.body != .length(0)
        shape.originForm = try RequestTarget.originForm(of: head.uri, method: head.method, host: fields.host)
        shape.mayHaveReadyAnswer = head.method == .GET && fields.isPlain && !shape.isLast && shape.originForm == nil
        return shape
    }

    /// The body's framing, refused wherever two readers might disagree about it.
    private func body(of fields: RequestFields, isHTTP10: Bool) throws(RequestRefusal) -> RequestShape.Body {
        if fields.isChunked {
            guard !isHTTP10 else { throw .malformed("HTTP/1.0 has no Transfer-Encoding.") }
            guard fields.length == nil else { throw .malformed("Content-Length and Transfer-Encoding exclude each other.") }
            return .chunked
        }
        return fields.length.map { .length($0) } ?? .none
    }
}
