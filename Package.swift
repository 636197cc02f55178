// swift-tools-version: 6.2
import PackageDescription

// The core is every target that needs no SwiftNIO: it builds in a minute, and it is what the
// sanitizers and the simulator are run on.
let coreOnly = Context.environment["WATCHWORD_CORE_ONLY"] != nil

// Compiles the planted defects and probes of the simulator into the shipping targets. Never set in
// a release: `Planted` is empty without it, and the optimiser removes every question asked of it.
let planted = Context.environment["WATCHWORD_PLANTED"] != nil

let settings: [SwiftSetting] =
    [
        .swiftLanguageMode(.v6),
        .treatAllWarnings(as: .error),
        .strictMemorySafety(),
        .enableUpcomingFeature("ExistentialAny"),
        .enableUpcomingFeature("InternalImportsByDefault"),
        .enableUpcomingFeature("MemberImportVisibility"),
    ] + (planted ? [.define("PLANTED_DEFECTS")] : [])

func target(
    _ name: String, _ dependencies: [Target.Dependency] = [], path: String? = nil,
    resources: [Resource]? = nil
) -> Target {
    .target(
        name: name, dependencies: dependencies, path: path, resources: resources,
        swiftSettings: settings)
}

func tests(
    _ name: String, _ dependencies: [Target.Dependency], exclude: [String] = [],
    resources: [Resource]? = nil
) -> Target {
    .testTarget(
        name: name, dependencies: dependencies, exclude: exclude, resources: resources,
        swiftSettings: settings)
}

func systemLibrary(_ name: String, pkgConfig: String, apt: String) -> Target {
    .systemLibrary(name: name, pkgConfig: pkgConfig, providers: [.apt([apt])])
}

let yams: Target.Dependency = .product(name: "Yams", package: "Yams")

// Ranks as in docs/architecture.md: a target imports only targets of a lower rank.
var targets: [Target] = [
    // Rank 0, pure
    target("ByteCodec"),
    target("RaftCore", ["ByteCodec"]),
    target("APITypes", ["ByteCodec"]),
    target("Budgets", ["ByteCodec"]),
    // Rank 0, C
    systemLibrary("CLMDB", pkgConfig: "lmdb", apt: "liblmdb-dev"),
    systemLibrary("COpenSSL", pkgConfig: "libcrypto", apt: "libssl-dev"),
    systemLibrary("CArgon2", pkgConfig: "libargon2", apt: "libargon2-dev"),
    systemLibrary("CCrypt", pkgConfig: "libcrypt", apt: "libcrypt-dev"),
    // Rank 1
    target("LoadCore", ["APITypes", "RaftCore"]),
    target("RaftWire", ["ByteCodec", "RaftCore", "Budgets"]),
    target("AuthCore", ["ByteCodec", "RaftCore"]),
    target("LMDB", ["CLMDB", "ByteCodec"]),
    target("Cryptography", ["ByteCodec", "APITypes", "COpenSSL", "CArgon2", "CCrypt"]),
    // Rank 2
    target("Replica", ["ByteCodec", "RaftCore", "RaftWire", "Budgets"]),
    target("WriteAheadLog", ["ByteCodec", "RaftCore", "RaftWire"]),
    target("StateStore", ["ByteCodec", "RaftCore", "RaftWire", "AuthCore", "LMDB"]),
    target(
        "AuthService",
        ["ByteCodec", "RaftCore", "APITypes", "AuthCore", "Budgets", "Cryptography"]),
    // Rank 3
    target(
        "HTTPAPI",
        [
            "ByteCodec", "RaftCore", "APITypes", "AuthCore", "Budgets", "Replica", "AuthService",
            "Cryptography",
        ]),
    target(
        "Recovery",
        [
            "ByteCodec", "RaftCore", "APITypes", "AuthCore", "Cryptography", "WriteAheadLog",
            "StateStore",
        ]),
    target("Manifest", ["ByteCodec", "APITypes", "AuthCore", yams]),
    // The simulator
    target(
        "SimulationKit",
        [
            "ByteCodec", "RaftCore", "RaftWire", "Replica", "AuthCore", "WriteAheadLog",
            "StateStore", "Cryptography", "APITypes", "AuthService", "HTTPAPI", "Budgets", yams,
        ],
        path: "Simulation/SimulationKit"),
    .executableTarget(
        name: "simulate", dependencies: ["SimulationKit", "ByteCodec"], path: "Simulation/simulate",
        swiftSettings: settings),
    // Measures
    .executableTarget(
        name: "benchmarks",
        dependencies: [
            "StateStore", "AuthCore", "AuthService", "HTTPAPI", "RaftCore", "ByteCodec",
            "Cryptography",
        ],
        path: "Tests/Benchmarks",
        exclude: ["Comparison", "run", "instructions", "instructions.txt"], swiftSettings: settings),
    // Tests
    tests("ByteCodecTests", ["ByteCodec"]),
    tests("RaftCoreTests", ["RaftCore", "ByteCodec"], exclude: ["Scenarios"]),
    tests("APITypesTests", ["APITypes", "ByteCodec"]),
    tests("BudgetsTests", ["Budgets"]),
    tests("LoadCoreTests", ["LoadCore", "APITypes", "RaftCore"]),
    tests("RaftWireTests", ["RaftWire", "RaftCore", "Budgets", "ByteCodec"]),
    tests("ReplicaTests", ["Replica", "RaftCore", "RaftWire", "Budgets", "ByteCodec"]),
    tests("AuthCoreTests", ["AuthCore", "RaftCore", "ByteCodec"]),
    tests("LMDBTests", ["LMDB"]),
    tests("CryptographyTests", ["Cryptography", "APITypes", "ByteCodec"]),
    tests("WriteAheadLogTests", ["WriteAheadLog", "RaftCore", "RaftWire", "ByteCodec"]),
    tests(
        "StateStoreTests",
        ["StateStore", "AuthCore", "RaftCore", "RaftWire", "LMDB", "ByteCodec", "SimulationKit"]),
    tests(
        "AuthServiceTests", ["AuthService", "AuthCore", "RaftCore", "Cryptography", "ByteCodec"]),
    tests(
        "HTTPAPITests",
        [
            "HTTPAPI", "APITypes", "AuthService", "AuthCore", "RaftCore", "Cryptography",
            "ByteCodec", "Budgets", "Manifest", "SmugglingCorpus",
        ]),
    target("SmugglingCorpus", path: "Tests/SmugglingCorpus"),
    tests(
        "SimulationTests",
        ["SimulationKit", "RaftCore", "WriteAheadLog", "AuthCore", "ByteCodec"]),
    tests(
        "RecoveryTests",
        [
            "Recovery", "RaftCore", "ByteCodec", "APITypes", "AuthCore", "WriteAheadLog",
            "StateStore", "SimulationKit",
        ]),
    tests("ManifestTests", ["Manifest", "APITypes"]),
    tests("HouseRulesTests", []),
]

var dependencies: [Package.Dependency] = [
    .package(url: "https://github.com/jpsim/Yams", exact: "6.2.2")
]

// What libFuzzer gives its inputs to: Tests/Fuzz/run.
if Context.environment["WATCHWORD_FUZZ"] != nil {
    targets.append(
        .executableTarget(
            name: "fuzz-request-reader", dependencies: ["HTTPAPI"], path: "Tests/Fuzz",
            exclude: ["run", "http.dict", "seeds"], swiftSettings: settings,
            // The other linker gives up on these objects.
            linkerSettings: [.unsafeFlags(["-use-ld=lld"])]))
}

if !coreOnly {
    let nioCore: Target.Dependency = .product(name: "NIOCore", package: "swift-nio")
    let nioPosix: Target.Dependency = .product(name: "NIOPosix", package: "swift-nio")
    let nioFoundation: Target.Dependency = .product(
        name: "NIOFoundationCompat", package: "swift-nio")
    let nioHTTP1: Target.Dependency = .product(name: "NIOHTTP1", package: "swift-nio")
    let nioTLS: Target.Dependency = .product(name: "NIOTLS", package: "swift-nio")
    let nioEmbedded: Target.Dependency = .product(name: "NIOEmbedded", package: "swift-nio")
    let nioSSL: Target.Dependency = .product(name: "NIOSSL", package: "swift-nio-ssl")
    let x509: Target.Dependency = .product(name: "X509", package: "swift-certificates")
    let asn1: Target.Dependency = .product(name: "SwiftASN1", package: "swift-asn1")
    let crypto: Target.Dependency = .product(name: "Crypto", package: "swift-crypto")
    let logging: Target.Dependency = .product(name: "Logging", package: "swift-log")
    let lifecycle: Target.Dependency = .product(
        name: "ServiceLifecycle", package: "swift-service-lifecycle")
    let unixSignals: Target.Dependency = .product(
        name: "UnixSignals", package: "swift-service-lifecycle")
    let arguments: Target.Dependency = .product(
        name: "ArgumentParser", package: "swift-argument-parser")
    let httpClient: Target.Dependency = .product(
        name: "AsyncHTTPClient", package: "async-http-client")

    dependencies += [
        .package(url: "https://github.com/apple/swift-nio", exact: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl", exact: "2.37.6"),
        .package(url: "https://github.com/apple/swift-certificates", exact: "1.21.1"),
        .package(url: "https://github.com/apple/swift-asn1", exact: "1.7.4"),
        .package(url: "https://github.com/apple/swift-crypto", exact: "4.5.2"),
        .package(url: "https://github.com/apple/swift-log", exact: "1.16.2"),
        .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
        .package(
            url: "https://github.com/swift-server/swift-service-lifecycle", exact: "2.13.0"),
        .package(url: "https://github.com/swift-server/async-http-client", exact: "1.37.0"),
    ]
    targets += [
        // Rank 2
        target(
            "PeerTransport",
            [
                "ByteCodec", "RaftCore", "RaftWire", "Budgets", nioCore, nioPosix, nioSSL, x509,
                asn1,
                logging,
            ]),
        // Rank 3
        target(
            "ReplicaRuntime",
            [
                "ByteCodec", "RaftCore", "RaftWire", "Budgets", "Replica", "AuthCore",
                "WriteAheadLog", "StateStore", "PeerTransport", logging,
            ]),
        target(
            "WatchwordClient",
            ["APITypes", httpClient, nioCore, nioFoundation, nioHTTP1, nioSSL]),
        // Rank 4
        target(
            "Server",
            [
                "ByteCodec", "RaftCore", "RaftWire", "Budgets", "Replica", "AuthCore",
                "Cryptography", "WriteAheadLog", "StateStore", "PeerTransport", "AuthService",
                "ReplicaRuntime",
                "HTTPAPI", "APITypes", nioCore, nioPosix, nioSSL, nioTLS, logging, lifecycle,
                unixSignals, x509, asn1, crypto, yams,
            ]),
        .executableTarget(
            name: "watchword",
            dependencies: [
                "WatchwordClient", "APITypes", "AuthCore", "RaftCore", "Recovery", "Manifest",
                "LoadCore", arguments, x509, asn1, crypto, nioCore, nioPosix, nioSSL, nioTLS,
                unixSignals,
            ], swiftSettings: settings),
        // Rank 5
        .executableTarget(
            name: "watchwordd", dependencies: ["Server", arguments], swiftSettings: settings),
        // Breaks real clusters
        .executableTarget(
            name: "drill",
            dependencies: [
                "WatchwordClient", httpClient, nioCore, nioPosix, nioHTTP1, nioFoundation,
                arguments,
            ], path: "Tests/Drill", swiftSettings: settings),
        // Tests
        tests(
            "PeerTransportTests",
            [
                "PeerTransport", "RaftCore", "RaftWire", "ByteCodec", nioCore, nioPosix,
                nioEmbedded, nioSSL, x509, asn1, crypto, logging,
            ]),
        tests(
            "ReplicaRuntimeTests",
            [
                "ReplicaRuntime", "Replica", "RaftCore", "ByteCodec", "AuthCore", "StateStore",
                "WriteAheadLog", "PeerTransport", logging,
            ]),
        tests("WatchwordClientTests", ["WatchwordClient", "APITypes"]),
        tests(
            "ServerTests",
            [
                "Server", "HTTPAPI", "AuthService", "AuthCore", "RaftCore", "ByteCodec",
                "Cryptography", "PeerTransport", "StateStore", "WriteAheadLog", "SmugglingCorpus",
                nioCore, nioPosix, nioEmbedded, nioHTTP1, nioSSL, x509, asn1, crypto, logging,
            ]),
    ]
}

let package = Package(name: "watchword-server", dependencies: dependencies, targets: targets)
