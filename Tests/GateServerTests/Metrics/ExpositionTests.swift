import Testing

@testable import GateServer

/// The format, to the byte.
@Suite("Exposition")
struct ExpositionTests {
    @Test("A family has its help, its type and its samples; one without samples is left out")
    func family() {
        var page = Exposition()
        page.family("a_total", .counter, "What \\ is\nhere \"quoted\".", [.init([("x", "1"), ("y", "")], 3), .init([], 2.5)])
        page.family("none", .gauge, "Nothing.", [])
        page.gauge("b", "One number.", -1)
        #expect(
            page.text == #"""
                # HELP a_total What \\ is\nhere "quoted".
                # TYPE a_total counter
                a_total{x="1",y=""} 3
                a_total 2.5
                # HELP b One number.
                # TYPE b gauge
                b -1

                """#)
    }

    @Test(
        "The values of labels are escaped, and nothing else of them is touched",
        arguments: [
            ("a\"b", #"a\"b"#), (#"a\b"#, #"a\\b"#), ("a\nb", #"a\nb"#), (#"\n"#, #"\\n"#), ("é\r\t{}=,", "é\r\t{}=,"), ("\"\n\\", #"\"\n\\"#),
        ])
    func labels(value: String, escaped: String) {
        var page = Exposition()
        page.family("x", .gauge, "X.", [.init([("l", value)], 1)])
        #expect(page.text == "# HELP x X.\n# TYPE x gauge\nx{l=\"\(escaped)\"} 1\n")
    }

    @Test(
        "Numbers are written as Go reads them",
        arguments: [
            (0, "0"), (1e15, "1000000000000000"), (-3, "-3"), (0.0005, "0.0005"), (1e300, "1e+300"), (.infinity, "+Inf"), (-.infinity, "-Inf"),
            (.nan, "NaN"), (1.5e-7, "1.5e-07"),
        ] as [(Double, String)])
    func numbers(value: Double, written: String) { #expect(Exposition.number(value) == written) }

    @Test("A histogram counts each observation in its bucket and all that hold it, and sums them")
    func histogram() {
        var histogram = Histogram()
        for seconds in [0, 0.000_5, 0.000_6, 0.05, 0.050_1, 10, 11, 3_600] { histogram.observe(seconds) }
        #expect(histogram.count == 8 && histogram.sum == 3_621.101_2)
        #expect(histogram.buckets == [2, 1, 0, 0, 0, 0, 1, 1, 0, 0, 0, 0, 1, 2])
        var page = Exposition()
        page.histograms("d_seconds", "D.", [([("route", "/a")], histogram)])
        let lines = page.text.split(separator: "\n")
        #expect(lines[2] == #"d_seconds_bucket{route="/a",le="0.0005"} 2"# && lines[3] == #"d_seconds_bucket{route="/a",le="0.001"} 3"#)
        #expect(lines[14] == #"d_seconds_bucket{route="/a",le="10"} 6"# && lines[15] == #"d_seconds_bucket{route="/a",le="+Inf"} 8"#)
        #expect(lines[16] == #"d_seconds_sum{route="/a"} 3621.1012"# && lines[17] == #"d_seconds_count{route="/a"} 8"#)
        #expect(lines.count == 18)
    }

    @Test("A duration is observed in seconds")
    func durations() {
        var histogram = Histogram()
        histogram.observe(.milliseconds(1))
        histogram.observe(.nanoseconds(2_500_001))
        #expect(histogram.buckets[1] == 1 && histogram.buckets[3] == 1)
        #expect(abs(histogram.sum - 0.003_500_001) < 1e-12)
    }

    @Test("What never came up is shown as 0")
    func counts() {
        var counts = Counts<ServerMetrics.EventOutcome>()
        counts.add(.duplicate)
        counts.add(.duplicate, 4)
        #expect(counts.samples("result").map(\.value) == [0, 5, 0] && counts[.duplicate] == 5)
    }
}
