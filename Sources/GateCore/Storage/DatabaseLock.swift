#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// A lock on a file beside the database. It keeps a second server out; `sqlite3` may still read the database.
///
/// The kernel lets go of it when the process ends, however it ends.
final class DatabaseLock: Sendable {
    private let descriptor: Int32

    /// - Throws: `database_locked`, with the process that holds it.
    init(database path: String) throws(GateError) {
        let lockPath = path + ".lock"
        descriptor = open(lockPath, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw GateError(.storageFailed, "the lock file \(lockPath) cannot be opened: \(String(cString: strerror(errno)))")
        }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            var text = [UInt8](repeating: 0, count: 20)
            let count = pread(descriptor, &text, text.count, 0)
            let holder = String(decoding: text.prefix(max(0, count)).prefix { $0 != 0x0A }, as: UTF8.self)
            close(descriptor)
            throw GateError(
                .databaseLocked,
                "the database \(path) is in use by another gate-server (process \(holder)): one server writes one database; stop that one first")
        }
        let text = Array("\(getpid())\n".utf8)
        ftruncate(descriptor, 0)
        pwrite(descriptor, text, text.count, 0)
    }

    deinit { close(descriptor) }
}
