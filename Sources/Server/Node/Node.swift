internal import APITypes
internal import AuthCore
internal import AuthService
internal import ByteCodec
internal import Cryptography
internal import Foundation
public import Logging
internal import PeerTransport
internal import RaftCore
internal import Replica
public import ReplicaRuntime
internal import StateStore
internal import WriteAheadLog

/// One node of a cluster: everything put together, started and stopped.
public final class Node: Sendable {
    /// The version of the software.
    public static let version = Release.version

    private let configuration: NodeConfiguration
    private let runtime: ReplicaRuntime
    private let transport: PeerTransport
    private let housekeeping: Housekeeping
    private let facts: NodeFactsKeeper
    private let hashing: HashingPool
    private let frontend: HTTPFrontend
    private let logger: Logger

    /// Starts a node.
    ///
    /// - Parameters:
    ///   - fatal: ends the process when the disk has failed.
    ///   - renew: begins the process anew, when the state was given up.
    /// - Throws: whatever keeps it from starting, with the reason in its description.
    public init(
        configuration: NodeConfiguration, logger: Logger, fatal: FatalError, renew: FatalError
    ) throws {
        self.configuration = configuration
        self.logger = logger
        let random = SystemRandomBytes()
        let root = try Self.rootKey(configuration.rootKeyFile)
        let options = Self.runtimeOptions(configuration)
        let clock = NodeClock()
        let disk = try NodeDisk(
            path: configuration.dataDirectory, clusterID: configuration.clusterID,
            node: configuration.node,
            voters: configuration.joins ? [] : configuration.members.map(\.id), options: options,
            machine: StateMachine(sha256: { SHA256.hash($0).bytes }),
            newIncarnation: Incarnation(random.integer()), logger: logger)
        let roster = try Roster(disk.store)
        let noted = try KnownPeers(
            directory: configuration.dataDirectory, fileSystem: PosixFileSystem())
        let transport = PeerTransport(
            local: LocalNode(
                clusterID: configuration.clusterID, node: configuration.node,
                incarnation: disk.incarnation, run: disk.run),
            peers: roster.peers(
                inForce: roster.configuration, configured: configuration.members, noted: noted),
            logger: logger)
        self.transport = transport
        let admission = PeerAdmission(store: disk.store)
        runtime = try ReplicaRuntime(
            disk: disk, seed: random.integer(), options: options, clock: clock,
            transport: transport, logger: logger, fatal: fatal, renew: renew
        ) { delegate, sink in
            _ = try transport.start(
                listen: configuration.peerListen, credentials: configuration.credentials,
                delegate: delegate, snapshots: sink, admits: { admission.admits($0, $1) })
        }
        let keys = NodeKeys(
            root: root, clusterID: configuration.clusterID,
            accessTokens: configuration.accessTokens)
        let journal = NodeJournal(runtime: runtime)
        let membership = MembershipKeeper(
            runtime: runtime, transport: transport, configuration: configuration, roster: roster,
            noted: noted, logger: logger)
        facts = NodeFactsKeeper(
            runtime: runtime, node: configuration.node, membership: membership,
            version: Self.version, raft: options.replica.raft)
        let worker = try PasswordWorker(hasher: PasswordHasher(), random: random)
        hashing = HashingPool(
            worker: worker,
            options: .init(
                threads: configuration.hashingThreads, queueLimit: configuration.hashingQueue))
        housekeeping = Housekeeping(
            runtime: runtime, keys: keys, facts: facts, journal: journal,
            settling: NodeSettling(
                runtime: runtime,
                introduction: try Self.introduction(configuration, disk, root, worker, logger),
                logger: logger),
            membership: membership, logger: logger, fatal: fatal)
        frontend = try HTTPFrontend(
            configuration: configuration, runtime: runtime, hashing: hashing, facts: facts,
            keys: keys, journal: journal, transport: transport, membership: membership,
            logger: logger)
        housekeeping.start()
        try frontend.start()
        logger.info(
            "the node runs",
            metadata: [
                "node": "\(configuration.node)", "http": "\(configuration.httpListen)",
                "peer": "\(configuration.peerListen)", "version": "\(Self.version)",
            ])
    }

    /// How long load balancers have to notice that this node drains, in milliseconds: two of the
    /// shipped configuration's checks and their time-outs.
    private static let balancerMilliseconds = 900

    /// Ends the node: load balancers are told, requests under way are answered, leadership is
    /// handed over, and everything is closed. Under 5 s; blocks.
    public func stop() {
        logger.info("the node drains")
        runtime.willShutDown()
        facts.drain()
        Thread.sleep(forTimeInterval: Double(Self.balancerMilliseconds) / 1000)
        frontend.drain()
        housekeeping.stop()
        runtime.shutdown()
        frontend.stop()
        do { try transport.stop() } catch {
            logger.warning("the peer transport did not end well", metadata: ["error": "\(error)"])
        }
        _ = hashing.stop(seconds: 1)
        logger.info("the node has stopped")
    }

    /// Reads certificates again.
    public func reload() {
        do {
            try transport.reload(configuration.credentials)
            try frontend.reload()
            logger.info("certificates are read again")
        } catch {
            logger.error("certificates stay as they were", metadata: ["error": "\(error)"])
        }
    }

    private static func rootKey(_ file: String) throws -> RootKey {
        var contents = Array(try PrivateFileReader.read(file).utf8)
        do { return try RootKey(file: &contents) } catch {
            throw NodeStartError("\(file): \(error)")
        }
    }

    private static func runtimeOptions(_ configuration: NodeConfiguration) -> RuntimeOptions {
        var options = RuntimeOptions()
        options.logSegmentBytes = configuration.logSegmentBytes
        options.storeMapBytes = configuration.storeMapBytes
        // With what load balancers and requests under way are given, the node ends within 5 s.
        options.replica.shutdownMilliseconds = 2_000
        options.replica.raft.retainedBytesMax = configuration.retainedLogBytes
        // Who retains little needs the more that who catches up is waited for: a copy of the state
        // that the log has gone past when it is installed was sent in vain.
        options.replica.raft.graceBytesMax = max(
            configuration.retainedLogBytes, options.replica.raft.graceBytesMax)
        if configuration.isWide { options.replica.raft.stretch(by: 10) }
        return options
    }

    private static func introduction(
        _ configuration: NodeConfiguration, _ disk: NodeDisk, _ root: RootKey,
        _ worker: PasswordWorker, _ logger: Logger
    ) throws -> NodeIntroduction {
        guard let name = UserName(configuration.adminUsername) else {
            throw NodeStartError(
                "bootstrap.admin_username: \(configuration.adminUsername) is no user name")
        }
        if let name = configuration.nobodyIs {
            logger.warning(
                "DEVELOPMENT MODE: gateways let everybody in who shows no credential",
                metadata: ["as": "\(name.string)"])
        }
        for key in configuration.bootstrapKeys where key.stoodInClear {
            logger.warning(
                "a key stands in the environment, where others may read it: say its SHA-256",
                metadata: ["name": "\(key.name)"])
        }
        let own = configuration.members.first { $0.id == configuration.node }
        let file = configuration.adminPasswordFile
        return NodeIntroduction(
            node: configuration.node, incarnation: disk.incarnation, url: own?.url ?? "",
            peer: own?.peer.description ?? "", version: version,
            clusterID: configuration.clusterID, root: root, adminName: name,
            adminPassword: {
                guard let file else {
                    throw NodeStartError(
                        "bootstrap.admin_password_file is needed to make the cluster")
                }
                let password = SharedSecret(copying: Array(try PrivateFileReader.read(file).utf8))
                guard case .made(let record) = worker.perform(.make(password)) else {
                    throw NodeStartError("the first password could not be hashed")
                }
                return AuthCore.PasswordHash(
                    phc: Text(record.phc), pepperKeyID: record.pepperKeyID)
            }, keys: configuration.bootstrapKeys)
    }
}
