#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Makes copies of a database while a server writes it, one after the other, through connections of their own: no write waits for one.
package actor Backups {
    private let executor = QueueExecutor(label: "gate.backups")
    package nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }
    private let path: String

    package init(database path: String) { self.path = path }

    /// The whole database as it is at one moment, in one file.
    ///
    /// - Throws: `storage_full`, `storage_failed`.
    package func copy() throws(GateError) -> BackupCopy {
        let target = path + ".backup"
        // One that a killed server left.
        unlink(target)
        let descriptor = open(target, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw GateError(.storageFailed, "the backup's file \(target) cannot be made: \(String(cString: strerror(errno)))")
        }
        defer { unlink(target) }
        let file = NamelessFile(descriptor)
        try SQLiteConnection(path: path, mode: .readOnly).execute("VACUUM INTO $1", [.text(target)])
        let head = try Database.head(SQLiteConnection(path: target, mode: .readOnly))
        return BackupCopy(file: file, size: try file.size(), position: head.position)
    }
}

/// A copy of the database: its space is free again when this is let go of.
package struct BackupCopy: Sendable {
    private static let pieceSize = 256 << 10

    fileprivate let file: NamelessFile
    /// In bytes.
    package let size: Int
    package let position: Position

    /// The bytes from an offset on, as many as are read at once; empty at the end.
    package func piece(at offset: Int) throws(GateError) -> [UInt8] { try file.bytes(at: offset, atMost: Self.pieceSize) }
}

/// An open file that no folder names any more.
private final class NamelessFile: Sendable {
    private let descriptor: Int32

    init(_ descriptor: Int32) { self.descriptor = descriptor }

    deinit { close(descriptor) }

    func size() throws(GateError) -> Int {
        let end = lseek(descriptor, 0, SEEK_END)
        guard end >= 0 else { throw failure() }
        return Int(end)
    }

    func bytes(at offset: Int, atMost count: Int) throws(GateError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        let read = pread(descriptor, &bytes, count, off_t(offset))
        guard read >= 0 else { throw failure() }
        bytes.removeLast(count - read)
        return bytes
    }

    private func failure() -> GateError { GateError(.storageFailed, "the backup cannot be read: \(String(cString: strerror(errno)))") }
}
