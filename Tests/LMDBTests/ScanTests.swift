import Testing

@testable import LMDB

@Suite("Scans")
struct ScanTests {
    private func keys(
        _ environment: Environment, from: [UInt8], upTo: [UInt8]?, limit: Int = .max
    ) throws -> [[UInt8]] {
        var found: [[UInt8]] = []
        try environment.read { view in
            try view.scan(environment.a, from: from, upTo: upTo) { key, value in
                #expect(key.array == value.array)
                found.append(key.array)
                return found.count < limit
            }
        }
        return found
    }

    private func reverseKeys(
        _ environment: Environment, below: [UInt8]?, downTo: [UInt8], limit: Int = .max
    ) throws -> [[UInt8]] {
        var found: [[UInt8]] = []
        try environment.read { view in
            try view.scanReverse(environment.a, below: below, downTo: downTo) { key, _ in
                found.append(key.array)
                return found.count < limit
            }
        }
        return found
    }

    @Test("an empty tree has nothing to scan")
    func empty() throws {
        let directory = try TemporaryDirectory()
        let environment = try makeEnvironment(directory)
        #expect(try keys(environment, from: [], upTo: nil).isEmpty)
        #expect(try reverseKeys(environment, below: nil, downTo: []).isEmpty)
    }

    @Test("scans stop when told to")
    func stops() throws {
        let directory = try TemporaryDirectory()
        let environment = try makeEnvironment(directory)
        try environment.write { transaction in
            for byte in UInt8(1)...5 { try transaction.put(environment.a, [byte], [byte]) }
        }
        #expect(try keys(environment, from: [2], upTo: nil, limit: 2) == [[2], [3]])
        #expect(try reverseKeys(environment, below: [4], downTo: [], limit: 2) == [[3], [2]])
    }

    @Test("scans with any bounds agree with a sorted list", arguments: [1, 2, 3, 4] as [UInt64])
    func againstModel(seed: UInt64) throws {
        var random = Generator(state: seed)
        let directory = try TemporaryDirectory()
        let environment = try makeEnvironment(directory)
        func draw() -> [UInt8] {
            (0..<(1 + random.below(3))).map { _ in UInt8(random.below(5)) * 63 }
        }
        var model: [[UInt8]] = []
        for _ in 0..<random.below(60) {
            let key = draw()
            try environment.write { try $0.put(environment.a, key, key) }
            if !model.contains(key) { model.append(key) }
        }
        model.sort { $0.lexicographicallyPrecedes($1) }
        for _ in 0..<200 {
            let low = random.below(5) == 0 ? [] : draw()
            let high = random.below(5) == 0 ? nil : draw()
            let expected = model.filter { key in
                !key.lexicographicallyPrecedes(low)
                    && high.map { key.lexicographicallyPrecedes($0) } ?? true
            }
            #expect(
                try keys(environment, from: low, upTo: high) == expected,
                "seed \(seed): \(low)..<\(String(describing: high))")
            #expect(
                try reverseKeys(environment, below: high, downTo: low) == expected.reversed(),
                "seed \(seed): \(low)..<\(String(describing: high)) backwards")
        }
    }
}

/// SplitMix64.
struct Generator {
    var state: UInt64
    mutating func below(_ bound: Int) -> Int {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return Int((z ^ (z >> 31)) % UInt64(bound))
    }
}
