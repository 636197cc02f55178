internal import ByteCodec
public import Cryptography

// The row is laid out in docs/formats/keyring-and-secrets.md.
extension Keyring {
    static let rowFormat: UInt8 = 1
    private static let contentsFormat: UInt8 = 1
    private static let termByteCount = 4 + 1 + 8 + 8 + 32
    /// The longest row, in bytes.
    public static let rowByteCountMax = 128 + termCountMax * 53

    /// The keyring under the root key: what is replicated.
    ///
    /// - Throws: `cryptography`.
    public func sealedRow(
        under root: RootKey, random: some RandomBytes
    ) throws(KeyringError) -> [UInt8] {
        let header = Header(
            rootKeyVersion: root.version, generation: generation, salt: random.bytes(32),
            nonce: random.bytes(AESGCM.nonceByteCount))
        var contents = encodedContents()
        let secret = SecretBytes(wiping: &contents)
        do throws(CryptographyError) {
            let sealed = try AESGCM.seal(
                secret, key: header.key(under: root, clusterID: clusterID), nonce: header.nonce,
                aad: header.associatedData(clusterID: clusterID))
            return header.bytes + sealed
        } catch {
            throw KeyringError(error)
        }
    }

    /// Opens a replicated row.
    ///
    /// - Throws: `malformed`, `unknownFormat`, `rootKeyVersion`, `authenticationFailed` for
    ///   another root key, another cluster or damage, `inconsistent`, `cryptography`.
    public convenience init(
        row: [UInt8], under root: RootKey, clusterID: [UInt8]
    ) throws(KeyringError) {
        precondition(clusterID.count == 16, "cluster id of \(clusterID.count) bytes")
        let (header, sealed) = try Header.read(row)
        guard header.rootKeyVersion == root.version else {
            throw .rootKeyVersion(sealed: header.rootKeyVersion, held: root.version)
        }
        let contents: SecretBytes
        do throws(CryptographyError) {
            contents = try AESGCM.open(
                sealed, key: header.key(under: root, clusterID: clusterID), nonce: header.nonce,
                aad: header.associatedData(clusterID: clusterID))
        } catch {
            throw KeyringError(error)
        }
        var plain = contents.withBytes { bytes in bytes.indices.map { bytes[$0] } }
        defer { plain.wipe() }
        let terms: [KeyringTerm]
        do throws(ByteCodecError) {
            terms = try Self.decodeContents(plain)
        } catch {
            throw .malformed(error)
        }
        try self.init(clusterID: clusterID, generation: header.generation, terms: terms)
    }

    private func encodedContents() -> [UInt8] {
        // Never grows: the one buffer becomes the secret's, and is wiped with it.
        var writer = ByteWriter(capacity: 3 + terms.count * Self.termByteCount)
        writer.write(Self.contentsFormat)
        writer.write(UInt16(terms.count))
        for term in terms {
            writer.write(term.number)
            writer.write(term.state.rawValue)
            writer.write(term.createdAt.rawValue)
            writer.write(term.uses)
            term.key.bytes.withBytes { key in
                for index in key.indices { writer.write(key[index]) }
            }
        }
        return writer.bytes
    }

    private static func decodeContents(
        _ plain: [UInt8]
    ) throws(ByteCodecError) -> [KeyringTerm] {
        var reader = ByteReader(plain)
        let format: UInt8 = try reader.read()
        guard format == contentsFormat else {
            throw .malformed(offset: 0, what: "keyring contents of format \(format)")
        }
        let count: UInt16 = try reader.read()
        guard count <= termCountMax else {
            throw .malformed(offset: 1, what: "\(count) terms")
        }
        var terms: [KeyringTerm] = []
        for _ in 0..<count {
            let number: UInt32 = try reader.read()
            let stateValue: UInt8 = try reader.read()
            guard let state = KeyringTerm.State(rawValue: stateValue) else {
                throw .malformed(offset: reader.offset - 1, what: "term state \(stateValue)")
            }
            let createdAt: UInt64 = try reader.read()
            let uses: UInt64 = try reader.read()
            var key = try reader.read(count: 32)
            terms.append(
                KeyringTerm(
                    number: number, createdAt: Timestamp(rawValue: createdAt), uses: uses,
                    state: state, key: SharedSecret(SecretBytes(wiping: &key))))
        }
        try reader.finish()
        return terms
    }
}

/// What stands in clear before the sealed contents of a keyring row.
private struct Header {
    let rootKeyVersion: UInt32
    let generation: UInt64
    let salt: [UInt8]
    let nonce: [UInt8]

    var bytes: [UInt8] {
        var writer = ByteWriter(capacity: 57)
        writer.write(Keyring.rowFormat)
        writer.write(rootKeyVersion)
        writer.write(generation)
        writer.write(raw: salt)
        writer.write(raw: nonce)
        return writer.bytes
    }

    static func read(_ row: [UInt8]) throws(KeyringError) -> (header: Header, sealed: [UInt8]) {
        do throws(ByteCodecError) {
            guard row.count <= Keyring.rowByteCountMax else {
                throw .malformed(offset: 0, what: "row of \(row.count) bytes")
            }
            var reader = ByteReader(row)
            let format: UInt8 = try reader.read()
            guard format == Keyring.rowFormat else { throw .malformed(offset: 0, what: "format") }
            let header = Header(
                rootKeyVersion: try reader.read(), generation: try reader.read(),
                salt: try reader.read(count: 32),
                nonce: try reader.read(count: AESGCM.nonceByteCount))
            return (header, try reader.read(count: reader.remaining))
        } catch {
            guard let format = row.first, format != Keyring.rowFormat else {
                throw .malformed(error)
            }
            throw .unknownFormat(format)
        }
    }

    // A key for this one row: no nonce can ever be used twice under it.
    func key(under root: RootKey, clusterID: [UInt8]) -> SecretBytes {
        HKDF.sha256(
            secret: root.key, salt: salt, info: Array("watchword/v1/keyring".utf8) + clusterID,
            count: AESGCM.keyByteCount)
    }

    func associatedData(clusterID: [UInt8]) -> [UInt8] {
        var writer = ByteWriter(capacity: 29)
        writer.write(Keyring.rowFormat)
        writer.write(raw: clusterID)
        writer.write(rootKeyVersion)
        writer.write(generation)
        return writer.bytes
    }
}
