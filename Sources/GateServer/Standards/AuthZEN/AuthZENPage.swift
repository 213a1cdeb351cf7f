import Crypto
import GateCore

/// Which part of a search's results is asked for (AuthZEN 1.0, "Pagination").
///
/// A token says where the page before ended, and is bound by a digest to everything else that was asked. It is no secret
/// and gives no right: who made one up would only begin elsewhere.
struct AuthZENPage: Sendable {
    /// A part of the results, and the token of the part behind it; empty when there is none.
    struct Part: Sendable {
        var names: [String]
        var nextToken: String
    }

    private let limit: Int
    /// The name behind which the page begins; empty for the first.
    private let after: String
    /// What is asked, apart from the page.
    private let asked: JSONValue

    /// - Parameters:
    ///   - reader: the request's `page`.
    ///   - members: the whole request.
    init(_ reader: JSONReader?, of search: AuthZENSearch, _ members: JSONMembers) throws(GateError) {
        asked = Self.asked(search, members)
        let page = try reader?.members()
        _ = try page?["properties"]?.members()
        // The most that is wanted is no promise of so many: a larger one is as good as the largest.
        let limit = try page?["limit"]?.integer(in: 0...Int64.max).clamped(to: Page.largestLimit)
        guard let token = page?["token"], try token.string() != "" else {
            self.limit = limit ?? Page.defaultLimit
            after = ""
            return
        }
        guard let (bound, name) = Self.open(try token.string(), asked), limit == nil || limit == bound else {
            throw GateError(
                .parameterInvalid, "\(token.pointer) is not the next_token of an answer to this request: nothing but the token may be different",
                pointer: token.pointer)
        }
        self.limit = bound
        after = name
    }

    /// Looks through the names in the order of their bytes.
    ///
    /// - Parameters:
    ///   - names: each once, in any order.
    ///   - bound: how many are looked at; a page is then shorter than it could be, and the next goes on.
    func part(of names: [any Sequence<String>], atMost bound: Int, where isResult: (String) -> Bool) -> Part {
        let candidates = Self.smallest(bound + 1, of: names, after: after)
        var results: [String] = []
        for candidate in candidates.prefix(bound) where isResult(candidate) {
            guard results.count < limit else { return Part(names: results, nextToken: token(after: results.last ?? after)) }
            results.append(candidate)
        }
        return Part(names: results, nextToken: candidates.count > bound ? token(after: candidates[bound - 1]) : "")
    }

    /// The smallest of the names behind one, in order: one pass, and room for twice as many.
    static func smallest(_ count: Int, of names: [any Sequence<String>], after: String) -> [String] {
        var kept: [String] = []
        var largest: String?
        func keep(_ names: some Sequence<String>) {
            for name in names where name > after && largest.map({ name < $0 }) ?? true {
                kept.append(name)
                guard kept.count == 2 * count else { continue }
                kept.sort()
                kept.removeLast(count)
                largest = kept.last
            }
        }
        for part in names { keep(part) }
        kept.sort()
        return Array(kept.prefix(count))
    }
}

// MARK: - Tokens

extension AuthZENPage {
    private static let digestLength = 16

    /// The entities as they were sent, but without the id that is looked for and counts for nothing.
    private static func asked(_ search: AuthZENSearch, _ members: JSONMembers) -> JSONValue {
        var asked: JSONObject = ["search": .string(search.rawValue)]
        for name in ["subject", "action", "resource", "context"] where name != "action" || search != .action {
            var value = members.object[name]
            if name == search.rawValue, case .object(var entity) = value {
                entity["id"] = nil
                value = .object(entity)
            }
            asked[name] = value
        }
        return .object(asked)
    }

    private static func digest(_ asked: JSONValue, _ tail: [UInt8]) -> [UInt8] {
        var hash = SHA256()
        hash.update(data: tail)
        hash.update(data: [0])
        hash.update(data: JSONWriter.bytes(asked, order: .canonical))
        return Array(hash.finalize().prefix(digestLength))
    }

    private func token(after name: String) -> String {
        let tail = [UInt8(limit >> 8), UInt8(limit & 0xFF)] + name.utf8
        return Base64URL.encode(Self.digest(asked, tail) + tail)
    }

    private static func open(_ token: String, _ asked: JSONValue) -> (limit: Int, after: String)? {
        guard let bytes = Base64URL.decode(token), bytes.count >= digestLength + 2 else { return nil }
        let tail = Array(bytes.dropFirst(digestLength))
        let limit = Int(tail[0]) << 8 | Int(tail[1])
        guard limit <= Page.largestLimit, digest(asked, tail).elementsEqual(bytes.prefix(digestLength)),
            let name = String(validating: tail.dropFirst(2), as: UTF8.self)
        else { return nil }
        return (limit, name)
    }
}

extension Int64 {
    fileprivate func clamped(to largest: Int) -> Int { self > Int64(largest) ? largest : Int(self) }
}
