import GateCore

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Files of a few kilobytes that hold keys: read whole up to a bound, written whole or not at all.
enum SmallFile {
    /// - Parameters:
    ///   - longest: the most bytes that are taken.
    ///   - secret: whether others than the owner being able to read it is an error.
    /// - Throws: `parameter_invalid`, naming the path and the reason.
    static func contents(of path: String, longest: Int, secret: Bool = false) throws(GateError) -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw failure("read", path) }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw failure("read", path) }
        guard status.st_mode & S_IFMT == S_IFREG else { throw GateError(.parameterInvalid, "\(path) is not a file") }
        guard !secret || status.st_mode & 0o077 == 0 else {
            throw GateError(.parameterInvalid, "\(path) holds a secret but others may read or write it: its mode must be 0600")
        }
        var bytes = [UInt8](repeating: 0, count: longest + 1)
        var filled = 0
        while filled < bytes.count {
            let count = bytes.withUnsafeMutableBytes { read(descriptor, $0.baseAddress! + filled, $0.count - filled) }
            guard count >= 0 else {
                if errno == EINTR { continue }
                throw failure("read", path)
            }
            if count == 0 { break }
            filled += count
        }
        guard filled <= longest else {
            throw GateError(
                .parameterInvalid, "\(path) is too long: at most \(longest) bytes", limit: .init("file_bytes", provided: filled, allowed: longest))
        }
        return Array(bytes[..<filled])
    }

    /// Writes a file that appears under its name complete, and on disk.
    ///
    /// - Parameters:
    ///   - mode: its permissions, whatever the process's mask.
    ///   - replacing: false leaves a file that is there already alone, even one that appears meanwhile.
    /// - Returns: whether this call's bytes are the ones under the name.
    /// - Throws: `parameter_invalid`, naming the path and the reason.
    @discardableResult
    static func put(_ bytes: [UInt8], at path: String, mode: mode_t, replacing: Bool) throws(GateError) -> Bool {
        let draft = "\(path).\(getpid()).\(UInt64.random(in: .min ... .max))"
        let descriptor = open(draft, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode)
        guard descriptor >= 0 else { throw failure("write", path) }
        defer { unlink(draft) }
        let complete = fchmod(descriptor, mode) == 0 && writeAll(bytes, descriptor) && fsync(descriptor) == 0
        guard close(descriptor) == 0, complete else { throw failure("write", path) }
        if replacing {
            guard rename(draft, path) == 0 else { throw failure("write", path) }
            return true
        }
        if link(draft, path) == 0 { return true }
        guard errno == EEXIST else { throw failure("write", path) }
        return false
    }

    /// Makes the folder, for its owner only, unless it is there; its parent must be.
    static func makeFolder(_ path: String) throws(GateError) {
        guard mkdir(path, 0o700) == 0 || errno == EEXIST else { throw failure("make", path) }
    }

    private static func writeAll(_ bytes: [UInt8], _ descriptor: Int32) -> Bool {
        bytes.withUnsafeBytes { buffer -> Bool in
            var written = 0
            while written < buffer.count {
                let count = write(descriptor, buffer.baseAddress! + written, buffer.count - written)
                if count < 0 {
                    if errno == EINTR { continue }
                    return false
                }
                written += count
            }
            return true
        }
    }

    /// Reads `errno`, so it must come right after the call that failed.
    private static func failure(_ verb: String, _ path: String) -> GateError {
        GateError(.parameterInvalid, "cannot \(verb) \(path): \(String(cString: strerror(errno)))")
    }
}
