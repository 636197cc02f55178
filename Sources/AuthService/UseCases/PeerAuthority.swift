internal import AuthCore
internal import Cryptography
internal import RaftCore

/// The authority of the cluster's own certificates, sealed in the state, so that any node can sign
/// for one that joins (docs/decisions/0005-members-by-plans.md).
public enum PeerAuthority {
    /// Where the key is sealed for, and nowhere else.
    private static func place(_ version: UInt64) -> SealPlace {
        SealPlace(
            purpose: .fieldData, table: Table.keyring.rawValue, key: [1], version: version)
    }

    private static let missing = ServiceFailure.changeRefused(
        "the cluster has no authority that signs: give it one with PUT /v1/cluster/authority")

    /// Whether there is one.
    static func presence(_ world: World) -> Result<Void, ServiceFailure> {
        world.view { view in
            try PeerAuthorityRow.read(view.tables) == nil ? .failure(missing) : .success(())
        }
    }

    /// Opens the authority of a view.
    static func open(
        _ view: StateView, _ world: World
    ) throws -> Result<NodeAuthority, ServiceFailure> {
        guard let row = try PeerAuthorityRow.read(view.tables) else { return .failure(missing) }
        return world.requireKeys().flatMap { keys in
            do throws(KeyringError) {
                let key = try keys.sealer.open(row.sealedKey.bytes, from: place(row.version))
                return .success(
                    NodeAuthority(certificate: row.certificate.string, key: SharedSecret(key)))
            } catch {
                return .failure(.internal("the authority's key could not be opened: \(error)"))
            }
        }
    }

    /// Brings an authority, or replaces the one that there is.
    ///
    /// - Returns: the version, and the index that the answer reflects.
    public static func set(
        _ authority: NodeAuthority, _ caller: Caller, _ context: RequestContext, _ world: World
    ) -> Flow<(version: UInt64, index: UInt64)> {
        guard let certifier = world.certifier else {
            return .failed(.configuration("this node cannot sign certificates"))
        }
        do throws(NodeCertifierError) {
            try certifier.check(authority, now: world.now)
        } catch { return .failed(.invalid("\(error)")) }
        return Flow(caller.header(context, world)).then { header in
            // The seal binds the version, which apply checks: a second writer is refused.
            .confirmRead { world in
                let sealed = world.requireKeys().flatMap { keys in
                    world.view { view in
                        let version = try PeerAuthorityRow.read(view.tables)?.version ?? 0
                        let bytes = try keys.sealer.seal(
                            authority.key.bytes, for: place(version + 1), random: world.random)
                        return .success((version: version, bytes: bytes))
                    }
                }
                return Flow(sealed).then { sealed in
                    let operation = Command.SetPeerAuthority(
                        expectedVersion: sealed.version,
                        certificate: Text(authority.certificate),
                        sealedKey: SealedBlob(term: sealed.bytes.term, bytes: sealed.bytes.bytes))
                    return .propose(Command(.setPeerAuthority(operation), header: header)) {
                        applied, _ in
                        guard case .authority(let version) = applied.outcome.result else {
                            return .failed(.internal("an authority was set with another outcome"))
                        }
                        return .done((version: version, index: applied.index.rawValue))
                    }
                }
            }
        }
    }
}
