/// What the transport needs to know of a request whose head it has accepted.
struct RequestShape: Equatable {
    /// How the request's body is delimited (RFC 9112 §6).
    enum Body: Equatable {
        case none
        case length(Int)
        case chunked
    }

    var body: Body = .none
    /// The connection ends with this request's answer: the client said `close`, speaks HTTP/1.0, or asked for another
    /// protocol (the decoder reads nothing after that).
    var isLast = false
    /// An HTTP/1.0 client: the answer may not be chunked.
    var isHTTP10 = false
    /// The client waits for `100 Continue` before it sends the body.
    var expectsContinue = false
    /// A GET over HTTP/1.1 that carries nothing which could make its answer anything but its bytes.
    var mayHaveReadyAnswer = false
    /// For a target in absolute form (RFC 9112 §3.2.2): the same target in origin form.
    var originForm: String?
}
