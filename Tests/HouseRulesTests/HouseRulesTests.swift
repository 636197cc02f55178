import Foundation
import Testing

/// Targets and their ranks (docs/architecture.md): imports go down only.
private let ranks: [String: Int] = [
    "ByteCodec": 0, "RaftCore": 1, "APITypes": 1, "Budgets": 1,
    "CLMDB": 0, "COpenSSL": 0, "CArgon2": 0, "CCrypt": 0,
    "RaftWire": 2, "AuthCore": 2, "LMDB": 2, "Cryptography": 2, "LoadCore": 2,
    "Replica": 3, "WriteAheadLog": 3, "StateStore": 3, "PeerTransport": 3, "AuthService": 3,
    "ReplicaRuntime": 4, "HTTPAPI": 4, "WatchwordClient": 4, "Recovery": 4, "Manifest": 4,
    "Server": 5, "watchword": 5, "watchwordd": 6,
    "SimulationKit": 5, "simulate": 6,
]

private let pure: Set<String> = [
    "ByteCodec", "RaftCore", "APITypes", "Budgets", "RaftWire", "Replica", "AuthCore",
    "LoadCore",
]

/// Places in targets without threads that have a reason for a lock: the pool of hashing threads,
/// what event loops share (a cipher context, what was resolved, verified or drawn before), and the
/// set of requests that a process is carrying out.
private let mayLock = [
    "Sources/AuthService/Hashing/", "Sources/AuthService/Tokens/TokenCodec.swift",
    "Sources/AuthService/Tokens/SignatureMemory.swift",
    "Sources/AuthService/World/RightsMemory.swift",
    "Sources/HTTPAPI/API/RunningRequests.swift", "Sources/HTTPAPI/API/RequestNames.swift",
]

private let onlyImporters: [String: String] = [
    "CLMDB": "LMDB", "COpenSSL": "Cryptography", "CArgon2": "Cryptography",
    "CCrypt": "Cryptography",
]

@Suite("House rules") struct HouseRulesTests {
    private let product: [SourceFile]
    private let tests: [SourceFile]

    init() throws {
        product = try sourceFiles(under: ["Sources", "Simulation"])
        tests = try sourceFiles(under: ["Tests"])
    }

    @Test("there are sources to look at, so that no rule passes on nothing")
    func notVacuous() {
        #expect(product.count > 20)
        #expect(product.contains { !$0.imports.isEmpty })
        #expect(tests.count > 20)
    }

    @Test("every target has a rank")
    func everyTargetIsRanked() {
        for file in product { #expect(ranks[file.target] != nil, "\(file.path)") }
    }

    @Test("a target imports only targets of a lower rank")
    func importsGoDown() {
        for file in product {
            let own = ranks[file.target] ?? 0
            for name in file.imports where name != file.target {
                guard let rank = ranks[name] else { continue }
                #expect(rank < own, "\(file.path) imports \(name)")
            }
        }
    }

    @Test("pure targets import nothing but pure targets")
    func pureTargetsStayPure() {
        for file in product where pure.contains(file.target) {
            for name in file.imports {
                #expect(pure.contains(name), "\(file.path) imports \(name)")
            }
        }
    }

    @Test("a C library has one importer")
    func oneImporter() {
        for file in product {
            for name in file.imports {
                guard let importer = onlyImporters[name] else { continue }
                #expect(file.target == importer, "\(file.path) imports \(name)")
            }
        }
    }

    @Test("pure targets, use cases and the HTTP interface contain no async, lock, clock or chance")
    func bannedInSynchronousTargets() {
        let banned = [
            " async ", "await ", "Mutex<", "Mutex(", "ContinuousClock", "SuspendingClock",
            "SystemRandomNumberGenerator", "Date()", ".random(in:", ".shuffled()",
            ".randomElement()", "Task {", "DispatchQueue",
        ]
        for file in product
        where pure.contains(file.target) || ["AuthService", "HTTPAPI"].contains(file.target) {
            if mayLock.contains(where: file.path.hasPrefix) { continue }
            for (number, line) in code(of: file) {
                for word in banned where line.contains(word) {
                    Issue.record("\(file.path):\(number) has \(word)")
                }
            }
        }
    }

    @Test("no error is swallowed and no try is forced")
    func noSwallowedErrors() {
        for file in product {
            for (number, line) in code(of: file) {
                // `entry?.index` tries nothing.
                let line = line.replacing(/[A-Za-z]try[?!]/, with: "")
                for word in ["try?", "try!", "catch {}", "catch { }", "as!"]
                where line.contains(word) {
                    Issue.record("\(file.path):\(number) has \(word)")
                }
            }
        }
    }

    @Test("what is unchecked is proved in the comment that stands on it")
    func uncheckedHasProof() {
        for file in product {
            for (number, line) in code(of: file)
            where line.contains("@unchecked Sendable") || line.contains("nonisolated(unsafe)") {
                let comment = file.lines[..<(number - 1)].reversed().prefix { isComment($0) }
                #expect(
                    comment.contains {
                        $0.contains("Unchecked, because") || $0.contains("The proof:")
                    }, "\(file.path):\(number) has no proof")
            }
        }
    }

    @Test("no file is longer than 400 lines")
    func filesAreShort() {
        for file in product + tests {
            #expect(file.lines.count <= 400, "\(file.path) has \(file.lines.count)")
        }
    }

    @Test("no function is longer than 70 lines")
    func functionsAreShort() {
        for file in product + tests {
            for function in functions(of: file) where function.length > 70 {
                Issue.record("\(file.path):\(function.line) is \(function.length) lines")
            }
        }
    }

    @Test("no comment is wider than 100 columns")
    func commentsAreNarrow() {
        for file in product + tests {
            for (index, line) in file.lines.enumerated()
            where line.count > 100 && isComment(line) {
                Issue.record("\(file.path):\(index + 1) has \(line.count)")
            }
        }
    }

    @Test("no path of one machine, and nothing left undone, stands in the project")
    func nothingLeftBehind() {
        let words = [
            "/wo" + "rk/", "/opt/" + "swift-packages", "TO" + "DO", "FIX" + "ME", "XX" + "X",
        ]
        for file in product {
            for (index, line) in file.lines.enumerated() {
                for word in words where line.contains(word) {
                    Issue.record("\(file.path):\(index + 1) has \(word)")
                }
            }
        }
    }

    /// The lines without comments, with their numbers.
    private func code(of file: SourceFile) -> [(Int, String)] {
        file.lines.enumerated().compactMap { index, line in
            guard !isComment(line) else { return nil }
            let cut = line.range(of: " //").map { String(line[..<$0.lowerBound]) } ?? line
            return (index + 1, cut)
        }
    }

    private func isComment(_ line: String) -> Bool { line.drop { $0 == " " }.hasPrefix("//") }

    /// Functions and initialisers, found by their indentation, which the formatter guarantees.
    private func functions(of file: SourceFile) -> [(line: Int, length: Int)] {
        var found: [(line: Int, length: Int)] = []
        for (index, line) in file.lines.enumerated() {
            let indent = line.prefix { $0 == " " }.count
            let text = line.dropFirst(indent)
            let isFunction =
                text.contains("func ") || text.hasPrefix("init(") || text.contains(" init(")
            guard isFunction, !text.hasPrefix("//"), !text.hasSuffix("}") else { continue }
            let closing = String(repeating: " ", count: indent) + "}"
            guard let end = file.lines[index...].firstIndex(of: closing) else { continue }
            let opening = file.lines[index...].firstIndex { $0.hasSuffix("{") } ?? index
            if opening <= end { found.append((index + 1, end - index + 1)) }
        }
        return found
    }
}
