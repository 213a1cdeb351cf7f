import Foundation
import GateCore
import HashTreeCollections

/// Everything that `/metrics` tells: what was counted, and what is true now.
struct MetricsPage: Sendable {
    /// At most so many detectors are shown, those nearest to their lines: four series each.
    static let mostDetectors = 250

    private let service: GateService
    private let state: Snapshot

    init(_ service: GateService, _ state: Snapshot) {
        self.service = service
        self.state = state
    }

    func text() async throws -> String {
        let counted = try await service.metrics.read(service.store)
        var page = Exposition()
        page.family(
            "gate_build_info", .gauge, "The server's version.", [.init([("version", SystemController.version)], 1)])
        requests(counted, &page)
        try await streams(counted, &page)
        writes(counted, &page)
        try await rollouts(counted, &page)
        try await queues(counted, &page)
        sizes(&page)
        page.counter("gate_log_lines_dropped_total", "Lines that standard error did not take in time.", LogSink.standardError.dropped)
        ProcessFigures().write(to: &page)
        return page.text
    }

    private func requests(_ counted: ServerMetrics.Reading, _ page: inout Exposition) {
        let routes = counted.requests.sorted { ($0.key.path, $0.key.method.rawValue) < ($1.key.path, $1.key.method.rawValue) }
        page.family(
            "gate_http_requests_total", .counter, "Requests answered, by matched route.",
            routes.flatMap { route, requests in
                requests.byStatus.sorted { $0.key < $1.key }.map { status, count in
                    .init([("route", route.path), ("method", route.method.rawValue), ("status", "\(status)")], count)
                }
            })
        page.histograms(
            "gate_http_request_duration_seconds",
            "From a request's head to its answer's head, of requests that went to the router. Reads answered in front of it are not timed.",
            routes.filter { $0.value.duration.count > 0 }.map { route, requests in
                ([("route", route.path), ("method", route.method.rawValue)], requests.duration)
            })
        page.family(
            "gate_http_refusals_total", .counter, "Requests and connections refused before any route, by the problem's code.",
            counted.refusals.sorted { $0.key < $1.key }.map { .init([("code", $0.key)], $0.value) })
        page.gauge("gate_http_connections", "Connections that are open.", service.connections.count)
        page.family(
            "gate_decisions_total", .counter, "Answers of gates that were given to requests, by gate and result.",
            counted.decisions.sorted { ($0.key.gate, $0.key.isAllowed ? 0 : 1) < ($1.key.gate, $1.key.isAllowed ? 0 : 1) }.map { key, count in
                .init([("gate", key.gate.rawValue), ("result", key.isAllowed ? "allowed" : "denied")], count)
            })
    }

    private func streams(_ counted: ServerMetrics.Reading, _ page: inout Exposition) async throws {
        let figures = try await service.streams.figures(now: service.clock())
        page.gauge("gate_streams", "Live streams.", figures.live)
        page.counter("gate_stream_events_total", "Events begun to be sent to streams, the first of each included.", figures.events)
        page.counter("gate_streams_cut_total", "Streams broken off because their client did not read.", figures.cut)
        page.gauge("gate_pollers", "Users who polled flags or gates within the last minute.", figures.pollers)
        page.histograms(
            "gate_delivery_duration_seconds", "From a change's publication to its write to the last live stream concerned.",
            [([], counted.totals.deliveryDuration)])
    }

    private func writes(_ counted: ServerMetrics.Reading, _ page: inout Exposition) {
        page.gauge("gate_revision", "The revision that the server is at.", Int(state.revision))
        page.family("gate_writes_total", .counter, "Writes by what came of them.", counted.totals.writes.samples("result"))
        page.histograms(
            "gate_write_duration_seconds", "From a write's turn to its durable commit and publication, or its refusal.",
            [([], counted.totals.writeDuration)])
    }

    private func rollouts(_ counted: ServerMetrics.Reading, _ page: inout Exposition) async throws {
        var statuses = Counts<Rollout.Status>()
        var held = 0
        for slot in state.flags.order {
            guard let entry = state.flags[slot] else { continue }
            if let rollout = entry.rollout?.value { statuses.add(rollout.status) }
            if entry.heldAt != 0 { held += 1 }
        }
        page.family("gate_rollouts", .gauge, "Rollouts by status.", statuses.samples("status"))
        page.gauge("gate_flags_held", "Flags that are held for every company.", held)
        let current = await service.events.levels().filter { $0.isCurrent(in: state) }
        page.gauge("gate_guard_detectors", "Detectors that have counted something in their epoch, shown below or not.", current.count)
        let nearest = current.count <= Self.mostDetectors ? current : Array(current.sorted { $0.nearness > $1.nearness }.prefix(Self.mostDetectors))
        let shown = nearest.sorted {
            ($0.flag.rawValue, $0.company?.rawValue ?? "", $0.metric) < ($1.flag.rawValue, $1.company?.rawValue ?? "", $1.metric)
        }
        func samples(_ value: (DetectorLevel) -> (fast: Int, slow: Int)) -> [Exposition.Sample] {
            shown.flatMap { level -> [Exposition.Sample] in
                let labels: Exposition.Labels = [
                    ("flag", level.flag.rawValue), ("company", level.company?.rawValue ?? ""), ("metric", level.metric.rawValue),
                ]
                let (fast, slow) = value(level)
                return [("fast", fast), ("slow", slow)].map { Exposition.Sample(labels + [("detector", $0.0)], $0.1) }
            }
        }
        page.family(
            "gate_guard_level", .gauge,
            "How far a guard's detector has come, in thousandths of a nat; company is empty for the whole flag. The \(Self.mostDetectors) nearest to their lines.",
            samples { ($0.state.fast, $0.state.slow) })
        page.family(
            "gate_guard_trip_line", .gauge, "The level at which the detector stops the flag, in thousandths of a nat.",
            samples { ($0.state.lines.fast.threshold, $0.state.lines.slow.threshold) })
        page.family(
            "gate_guard_trips_total", .counter, "Holds that guards placed, for a company or a whole flag, by what tripped.",
            ServerMetrics.Trip.all.map { .init([("scope", $0.scope), ("detector", $0.detector)], counted.totals.trips[$0] ?? 0) })
    }

    private func queues(_ counted: ServerMetrics.Reading, _ page: inout Exposition) async throws {
        page.family("gate_events_total", .counter, "Telemetry events by what came of them.", counted.totals.events.samples("result"))
        page.gauge("gate_webhook_queue_length", "Notices that wait for a webhook to take them.", try await service.history.queuedNotices())
        page.family(
            "gate_webhook_attempts_total", .counter, "Notices sent to webhooks, by what came of it.", counted.totals.webhooks.samples("result"))
        let failed = state.schedules.values.count { $0.value.failure != nil }
        page.family(
            "gate_schedules", .gauge, "Schedules that wait for their time, and those that could not be carried out.",
            [.init([("status", "pending")], state.schedules.count - failed), .init([("status", "failed")], failed)])
    }

    private func sizes(_ page: inout Exposition) {
        let sizes = [
            ("company", state.companies.count), ("event_type", state.eventTypes.count), ("flag", state.flags.count), ("gate", state.gates.count),
            ("permission", state.permissions.count), ("role", state.roles.count), ("token", state.tokens.count),
            ("user", state.users.values.reduce(0) { $0 + $1.count }), ("webhook", state.webhooks.count),
        ]
        page.family("gate_entities", .gauge, "What is stored, by kind.", sizes.map { .init([("kind", $0.0)], $0.1) })
        let (database, events) = (service.databasePath, EventFile.path(beside: service.databasePath))
        let files = [("database", database), ("database_wal", database + "-wal"), ("events", events), ("events_wal", events + "-wal")]
        page.family(
            "gate_file_size_bytes", .gauge, "The size of the server's files.",
            files.compactMap { name, path in
                let size = (try? FileManager.default.attributesOfItem(atPath: path))?[.size] as? NSNumber
                return size.map { .init([("file", name)], $0.doubleValue) }
            })
    }
}
