import Foundation
import GateCore

#if canImport(Glibc)
    import Glibc
#endif

/// What the kernel knows of this process, under the names that Prometheus's own clients give it. Empty where there is no `/proc`.
struct ProcessFigures: Sendable {
    var startTime: Double?
    var cpuSeconds: Double?
    var residentBytes: Int?
    var virtualBytes: Int?
    var openFiles: Int?
    var mostFiles: Int?
    var threads: Int?

    /// Reads them now.
    init() {
        var limit = rlimit()
        #if canImport(Glibc)
            let isKnown = getrlimit(.init(RLIMIT_NOFILE.rawValue), &limit) == 0
        #else
            let isKnown = getrlimit(RLIMIT_NOFILE, &limit) == 0
        #endif
        if isKnown { mostFiles = Int(exactly: limit.rlim_cur) }
        // One of them is the look itself.
        openFiles = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")).map { max(0, $0.count - 1) }
        guard let fields = Self.fields(of: "/proc/self/stat"), fields.count > 21 else { return }
        let ticks = Double(sysconf(Int32(_SC_CLK_TCK)))
        cpuSeconds = Double(fields[11]).flatMap { user in Double(fields[12]).map { (user + $0) / ticks } }
        threads = Int(fields[17])
        virtualBytes = Int(fields[20])
        residentBytes = Int(fields[21]).map { $0 * sysconf(Int32(_SC_PAGESIZE)) }
        startTime = Self.bootTime().flatMap { boot in Double(fields[19]).map { boot + $0 / ticks } }
    }

    /// The fields behind the program's name, which stands in brackets and may hold anything: the third of proc(5) is the first here.
    private static func fields(of path: String) -> [Substring]? {
        guard let text = text(of: path), let end = text.lastIndex(of: ")") else { return nil }
        return text[text.index(after: end)...].split { $0 == " " || $0 == "\n" }
    }

    private static func bootTime() -> Double? {
        text(of: "/proc/stat")?.split(separator: "\n").first { $0.hasPrefix("btime ") }.flatMap { Double($0.dropFirst(6)) }
    }

    private static func text(of path: String) -> String? {
        (try? SmallFile.contents(of: path, longest: 1 << 20)).map { String(decoding: $0, as: UTF8.self) }
    }

    func write(to page: inout Exposition) {
        func add(_ name: String, _ kind: Exposition.Kind, _ help: String, _ value: Double?) {
            page.family(name, kind, help, value.map { [Exposition.Sample([], $0)] } ?? [])
        }
        add("process_start_time_seconds", .gauge, "When the process started, in seconds since 1970.", startTime)
        add("process_cpu_seconds_total", .counter, "Processor time spent, in user and system mode.", cpuSeconds)
        add("process_resident_memory_bytes", .gauge, "Memory that is resident.", residentBytes.map(Double.init))
        add("process_virtual_memory_bytes", .gauge, "Memory that is mapped.", virtualBytes.map(Double.init))
        add("process_open_fds", .gauge, "Open file descriptors.", openFiles.map(Double.init))
        add("process_max_fds", .gauge, "The most file descriptors that may be open.", mostFiles.map(Double.init))
        add("process_threads", .gauge, "Threads.", threads.map(Double.init))
    }
}
