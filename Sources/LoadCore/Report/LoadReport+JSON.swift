public import APITypes

extension LoadReport {
    /// For programs: times in milliseconds, rates in requests per second.
    public var json: JSONValue {
        .object([
            "loop": .string(plan.ratePerSecond == nil ? "closed" : "open"),
            "rate": plan.ratePerSecond.map { .unsigned($0) } ?? .null,
            "connections": .integer(Int64(plan.connections)),
            "sessions": .integer(Int64(plan.sessions)), "users": .integer(Int64(plan.users)),
            "mix": .object(
                plan.mix.kinds.map {
                    JSONMember($0.name, .unsigned(plan.mix.weight(of: $0)))
                }),
            "seed": .unsigned(plan.seed),
            "warm_up_seconds": Self.thousandths(plan.warmUp.milliseconds),
            "seconds": Self.thousandths(milliseconds), "interrupted": .bool(isInterrupted),
            "all": summary(nil),
            "kinds": .object(kinds.map { JSONMember($0.name, summary($0)) }),
            "failed_latency_ms": Self.latency(tally.failedLatency),
            "failures": .array(
                failures.map { failure, count in
                    .object([
                        "kind": .string(failure.kind.name),
                        "status": .integer(Int64(failure.status)),
                        "code": .string(failure.code), "count": .unsigned(count),
                    ])
                }),
            "waited": .unsigned(tally.waited), "longest_queue": .unsigned(tally.longestQueue),
            "connections_lost": .unsigned(tally.connectionsLost),
            "refresh_tokens_given_up": .unsigned(tally.tokensGivenUp),
        ])
    }

    private func summary(_ kind: RequestKind?) -> JSONValue {
        .object([
            "succeeded": .unsigned(tally.succeeded(kind)),
            "failed": .unsigned(tally.failed(kind)),
            "not_sent": .unsigned(tally.notSent(kind)),
            "per_second": Self.thousandths(ratePerThousandSeconds(kind)),
            "latency_ms": Self.latency(tally.latency(of: kind)),
        ])
    }

    /// Percentiles; null where nothing was recorded.
    private static func latency(_ histogram: LatencyHistogram) -> JSONValue {
        guard histogram.total > 0 else { return .null }
        var members = [
            JSONMember("min", thousandths(histogram.leastMicroseconds)),
            JSONMember("mean", thousandths(histogram.meanNanoseconds / 1_000)),
        ]
        for (name, share) in percentiles {
            // A point in a name is a step into an object to the tools that programs are fed with.
            let name = String(name.map { $0 == "." ? "_" : $0 })
            members.append(
                JSONMember(name, thousandths(histogram.microseconds(atTenThousandths: share))))
        }
        members.append(JSONMember("max", thousandths(histogram.greatestMicroseconds)))
        return .object(members)
    }

    private static func thousandths(_ number: UInt64) -> JSONValue {
        .decimal(Fixed.text(number, of: 1_000, digits: 3))
    }
}
