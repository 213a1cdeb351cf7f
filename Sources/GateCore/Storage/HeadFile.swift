#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The last acknowledged position, in a file beside the database: overwritten after each commit, without sync.
///
/// A database whose log was torn can end at an earlier whole revision and look healthy. It is then behind this file, and is
/// refused by name rather than served.
final class HeadFile: Sendable {
    /// `<incarnation>-<revision> <hash>`, padded so that a shorter text overwrites a longer one.
    private static let length = 160
    private let descriptor: Int32

    init(database path: String) throws(GateError) {
        descriptor = open(path + ".head", O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw GateError(.storageFailed, "the head file \(path).head cannot be opened: \(String(cString: strerror(errno)))")
        }
    }

    deinit { close(descriptor) }

    /// - Throws: `database_behind` when the file knows a later revision of this incarnation, or another hash of the same one.
    func check(_ position: Position, hash: [UInt8]) throws(GateError) {
        var bytes = [UInt8](repeating: 0, count: Self.length)
        let count = pread(descriptor, &bytes, bytes.count, 0)
        let words = String(decoding: bytes.prefix(max(0, count)), as: UTF8.self).split(separator: " ")
        guard words.count >= 2, let known = Position(words[0]), known.incarnation == position.incarnation else { return }
        if known.revision > position.revision {
            throw GateError(
                .databaseBehind,
                "the database ends at revision \(position.revision), but revision \(known.revision) was acknowledged: changes are missing; "
                    + "restore a backup, or remove the .head file beside the database to accept the loss")
        }
        if known.revision == position.revision, words[1].prefix(64) != hash.hexadecimal {
            throw GateError(
                .databaseBehind,
                "revision \(position.revision) of the database is not the one that was acknowledged: its history has been replaced; "
                    + "restore a backup, or remove the .head file beside the database to accept it")
        }
    }

    /// Best effort: a failure here cannot undo what is committed.
    func write(_ position: Position, hash: [UInt8]) {
        var bytes = Array("\(position) \(hash.hexadecimal) ".utf8)
        bytes += [UInt8](repeating: 0x20, count: max(0, Self.length - bytes.count - 1)) + [0x0A]
        pwrite(descriptor, bytes, bytes.count, 0)
    }
}
