/// The number of a change: 1, 2, 3 … without gaps. 0 stands for "never changed".
package typealias Revision = Int64

/// A place in one database's history, as clients keep it: `<incarnation>-<revision>`.
///
/// The incarnation is random and new after a backup is restored, so that a position of another incarnation
/// can be told from one that has not been reached.
package struct Position: Hashable, Sendable, CustomStringConvertible {
    package var incarnation: String
    package var revision: Revision

    package init(incarnation: String, revision: Revision) {
        self.incarnation = incarnation
        self.revision = revision
    }

    /// Reads `<incarnation>-<revision>`; nil for anything else.
    package init?(_ text: some StringProtocol) {
        guard let dash = text.lastIndex(of: "-"), dash != text.startIndex else { return nil }
        let digits = text[text.index(after: dash)...]
        guard digits.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }), let revision = Revision(digits) else { return nil }
        self.init(incarnation: String(text[..<dash]), revision: revision)
    }

    package var description: String { "\(incarnation)-\(revision)" }
}
