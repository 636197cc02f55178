/// One thing that an operator can say.
struct ConfigurationKey: Sendable {
    /// What a value may be.
    enum Kind: Sendable {
        /// Any text that is not empty.
        case text
        /// One of these words.
        case word([String])
        /// A whole number within bounds, both inclusive.
        case number(ClosedRange<Int>)
        /// A path; a relative one is relative to the configuration file.
        case path
        /// `host:port`, `[IPv6]:port`.
        case address
        /// Several texts, in a list or separated by commas.
        case texts
        /// The members of the cluster: a list of `id`, `peer` and `url`.
        case members

        /// For the documentation.
        var description: String {
            switch self {
            case .text: "text"
            case .word(let words): words.map { "`\($0)`" }.joined(separator: ", ")
            case .number(let range): "\(range.lowerBound) to \(range.upperBound)"
            case .path: "path"
            case .address: "host:port"
            case .texts: "list of texts"
            case .members: "list of {id, peer, url}"
            }
        }
    }

    /// Names joined by dots, as in the file.
    let path: String
    let kind: Kind
    /// What holds when nothing is said; nil: nothing, and see `isRequired`.
    let fallback: String?
    let isRequired: Bool
    /// What it does.
    let meaning: String

    init(
        _ path: String, _ kind: Kind, _ meaning: String, default fallback: String? = nil,
        required: Bool = false
    ) {
        self.path = path
        self.kind = kind
        self.meaning = meaning
        self.fallback = fallback
        isRequired = required
    }

    /// The name of the environment variable that says the same.
    var variable: String {
        "WATCHWORD_" + path.uppercased().replacing(".", with: "_")
    }
}

extension ConfigurationKey {
    /// Every key there is. `docs/configuration.md` is made from this table, and a test keeps it so.
    static let all: [ConfigurationKey] = [
        .init("node.id", .text, "This node: `n` and a number, never reused.", required: true),
        .init(
            "node.data_dir", .path,
            "Where log and state lie: a directory that only the node's user may enter. Made when "
                + "it is not there.", required: true),
        .init(
            "node.mode", .word(["production", "development"]),
            "`development` allows what lets people in without credentials, and warns.",
            default: "production"),
        .init(
            "cluster.id", .text, "32 hexadecimal digits, made by `watchword init`.",
            required: true),
        .init(
            "cluster.ca", .path, "Certificate authority of the cluster's nodes, PEM.",
            required: true),
        .init("cluster.certificate", .path, "This node's certificate, PEM.", required: true),
        .init("cluster.key", .path, "The key of that certificate, PEM.", required: true),
        .init(
            "cluster.members", .members,
            "The members with which the cluster begins, the same on every node: where its peers "
                + "and its clients reach each. Only in the file.", required: true),
        .init(
            "cluster.joins", .word(["no", "yes"]),
            "Whether this node joins a cluster that runs, as `watchword cluster join` writes it: "
                + "`cluster.members` then only says whom it reaches first, and where it is itself.",
            default: "no"),
        .init("peer.listen", .address, "Where peers connect to, with mutual TLS.", required: true),
        .init(
            "http.listen", .address,
            "Where clients connect to. Plain HTTP is taken on loopback addresses only.",
            required: true),
        .init(
            "http.certificate", .path,
            "Certificate of the HTTP listener, PEM. Read again on "
                + "SIGHUP."),
        .init("http.key", .path, "The key of that certificate, PEM. Read again on SIGHUP."),
        .init(
            "http.socket", .path,
            "A unix socket for clients of this machine, open to the node's user and group. Its "
                + "folder must be writable by the node's user alone."),
        .init(
            "http.trusted_proxies", .texts,
            "Addresses or networks whose `X-Forwarded-For` counts, and whose connections are "
                + "not limited by address. From everybody else the header is ignored."),
        .init(
            "http.origins", .texts,
            "Origins of pages from which a cookie counts everywhere, as "
                + "`https://console.example.com`. A page of the host that it asks always may."),
        .init(
            "http.connections_max", .number(1...100_000), "Connections of clients in all.",
            default: "4096"),
        .init(
            "http.connections_per_address_max", .number(1...100_000),
            "Connections from one address.", default: "1024"),
        .init(
            "http.threads", .number(0...64), "Threads for clients; 0: one for each processor.",
            default: "0"),
        .init(
            "keys.root_key_file", .path,
            "The cluster's root key, 64 hexadecimal digits, the same on every node.",
            required: true),
        .init(
            "bootstrap.admin_username", .text, "Name of the first user of a new cluster.",
            default: "admin"),
        .init(
            "bootstrap.admin_password_file", .path,
            "Password of the first user; read only when the cluster is made."),
        .init(
            "authentication.none_as", .text,
            "Name of a user whom `/v1/validate` answers for requests without any credential; needs "
                + "`node.mode: development`."),
        .init(
            "raft.profile", .word(["lan", "wan"]),
            "Times of elections and heartbeats: for nodes within a few milliseconds, or ten times "
                + "as long.", default: "lan"),
        .init(
            "raft.retained_log_bytes", .number(65_536...1_073_741_824),
            "Bytes of applied log entries kept in memory, and on the disk by whole files, for nodes "
                + "that are behind; one that is farther behind gets a copy of the state. A leader "
                + "keeps up to as much again, and no less than 64 MiB, for a node that was heard "
                + "within 10 s.",
            default: "67108864"),
        .init(
            "sessions.idle_seconds", .number(60...2_592_000),
            "A session that is not used for so long ends.", default: "1800"),
        .init(
            "sessions.absolute_seconds", .number(60...31_536_000),
            "A session ends then at the latest, unless the log-in asks for another time.",
            default: "43200"),
        .init(
            "sessions.absolute_seconds_max", .number(60...31_536_000),
            "The most that a log-in may ask for.", default: "2592000"),
        .init(
            "api_keys.ttl_seconds", .number(60...316_224_000),
            "An API key ends then, unless its maker asks for another time or for none.",
            default: "7776000"),
        .init(
            "limits.user", .text,
            "How often each user may ask none of whose roles has a limit, as `1000/minute`."),
        .init("limits.key", .text, "The same, for each API key without a limit."),
        .init(
            "limits.tenant", .text, "The same, for all users and keys of each tenant together."),
        .init(
            "tokens.issuer", .text,
            "Who issues access tokens: the `https://` URL, without a path, under which clients "
                + "reach the cluster; the same on every node. Without it log-ins with `tokens` "
                + "get a refresh token and no access token, and none is taken."),
        .init(
            "tokens.audience", .text,
            "For whom access tokens are; the issuer when nothing is said. The same on every node."),
        .init(
            "tokens.access_seconds", .number(30...3_600), "How long an access token is good.",
            default: "300"),
        .init(
            "tokens.algorithm", .word(["EdDSA", "ES256", "RS256"]),
            "How new signing keys sign; the present one goes on until it is rotated.",
            default: "EdDSA"),
        .init(
            "tokens.rotation_days", .number(1...3_650),
            "After so long another key takes the place of the one that signs.", default: "90"),
        .init(
            "tokens.jwks_seconds", .number(1...86_400),
            "How long others may remember the published keys; a new key signs a little later than "
                + "that.", default: "300"),
        .init(
            "passwords.length_min", .number(8...64),
            "Fewest characters of a new password. NIST SP 800-63B-4 asks for 15 where a password is "
                + "the only factor.", default: "15"),
        .init(
            "hashing.threads", .number(1...64),
            "Passwords hashed at once; each takes 19 MiB.", default: "2"),
        .init(
            "hashing.queue", .number(1...10_000),
            "Log-ins that wait for a thread; more are "
                + "refused with 429.", default: "64"),
        .init(
            "store.map_gib", .number(1...1024),
            "The most that the state may grow to. Address space, not memory.", default: "64"),
        .init(
            "wal.segment_mib", .number(1...1024), "Size of one file of the log.", default: "64"),
        .init(
            "metrics.listen", .address,
            "A listener for `/metrics` alone, open to whoever reaches it."),
        .init(
            "metrics.key_file", .path,
            "A key that `X-Metrics-Key` may carry to read `/metrics` on the HTTP listener."),
        .init(
            "log.level", .word(["trace", "debug", "info", "notice", "warning", "error"]),
            "The least that is logged.", default: "info"),
        .init(
            "log.format", .word(["json", "text"]), "One JSON object per line, or text for people.",
            default: "json"),
    ]
}
