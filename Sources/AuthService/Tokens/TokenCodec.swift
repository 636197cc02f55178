internal import ByteCodec
public import Cryptography
internal import Synchronization

/// What a well-formed token says: where its row is, and what must be stored there.
public struct ParsedToken: Hashable, Sendable {
    /// The kind that was asked for.
    public let kind: TokenKind
    /// The number of the row.
    public let rowNumber: UInt64
    /// SHA-256 of (prefix ‖ `_` ‖ verifier), to be compared with the stored one.
    public let digest: SHA256Digest
}

/// Composes tokens and reads them, as docs/formats/tokens.md says.
///
/// A token is prefix ‖ `_` ‖ base62(B ‖ R) ‖ base62(CRC-32 of all before). B is one AES-256 block
/// of (row number ‖ first 64 bits of the verifier), R the verifier's other 128 bits. The block key
/// hides how many rows there are, and guards nothing: the verifier does.
public final class TokenCodec: Sendable {
    /// The length of a verifier in bytes.
    public static let verifierByteCount = 24

    // Each is held for the few hundred nanoseconds of one block or digest; loops that contend get a
    // codec each.
    private let block: Mutex<AESBlock>
    private let hasher = Mutex(SHA256Hasher())
    /// What was chosen about access tokens; nil where none are made or taken.
    public let accessTokens: AccessTokenPolicy?
    /// Signatures of access tokens that were verified a moment ago.
    let signatures = SignatureMemory()

    /// Hides row numbers under the cluster's token block key.
    ///
    /// - Throws: `invalidInput` unless it has 32 bytes, `libraryFailure`.
    public init(
        blockKey: borrowing SecretBytes, accessTokens: AccessTokenPolicy? = nil
    ) throws(CryptographyError) {
        block = Mutex(try AESBlock(key: blockKey))
        self.accessTokens = accessTokens
    }

    /// A new verifier: 192 random bits.
    public static func drawVerifier(_ random: some RandomBytes) -> SharedSecret {
        SharedSecret(random.secret(verifierByteCount))
    }

    /// What is stored of a verifier.
    ///
    /// - Precondition: 24 bytes.
    public static func digest(
        _ kind: TokenKind, verifier: borrowing SecretBytes
    ) -> SHA256Digest {
        verifier.withBytes { bytes in digest(kind, bytes) }
    }

    /// The token, in ASCII, for a verifier whose row has its number.
    ///
    /// - Precondition: a verifier of 24 bytes.
    public func compose(
        _ kind: TokenKind, rowNumber: UInt64, verifier: borrowing SecretBytes
    ) -> [UInt8] {
        precondition(verifier.count == Self.verifierByteCount, "\(verifier.count) bytes")
        var front = UInt128(rowNumber) << 64
        var rest: [UInt8] = []
        verifier.withBytes { bytes in
            for index in 0..<8 { front |= UInt128(bytes[index]) << (8 * UInt128(7 - index)) }
            rest = (8..<Self.verifierByteCount).map { bytes[$0] }
        }
        var hidden = ByteWriter(capacity: 16)
        hidden.write(bigEndian: encipher(front))
        var token = kind.prefix
        token.reserveCapacity(kind.tokenByteCount)
        token.append(UInt8(ascii: "_"))
        token.append(contentsOf: Base62.digits(of: hidden.bytes + rest))
        token.append(contentsOf: Base62.encode(CRC32.checksum(of: token)).utf8)
        precondition(token.count == kind.tokenByteCount, "token of \(token.count)")
        return token
    }

    /// Reads a token of one kind; nil unless it has exactly the spelling that `compose` makes.
    ///
    /// A foreign or invented token passes with a row number that is nobody's.
    public func parse(_ text: Span<UInt8>, as kind: TokenKind) -> ParsedToken? {
        guard let (rowNumber, verifier) = read(text, kind) else { return nil }
        var input = Self.digestInput(kind, verifier.span)
        defer { input.wipe() }
        let digest = hasher.withLock { $0.hash(input.span) }
        return ParsedToken(kind: kind, rowNumber: rowNumber, digest: digest)
    }

    /// Reads a token of one kind; nil unless it has exactly the spelling that `compose` makes.
    public func parse(_ text: [UInt8], as kind: TokenKind) -> ParsedToken? {
        parse(text.span, as: kind)
    }

    /// Reads a token with its verifier, from which the key of a successor is derived.
    public func parseWithVerifier(
        _ text: [UInt8], as kind: TokenKind
    ) -> (token: ParsedToken, verifier: SharedSecret)? {
        guard let (rowNumber, bytes) = read(text.span, kind) else { return nil }
        var verifier = bytes
        let digest = Self.digest(kind, verifier.span)
        let secret = SharedSecret(SecretBytes(wiping: &verifier))
        return (ParsedToken(kind: kind, rowNumber: rowNumber, digest: digest), secret)
    }

    /// One block under the block key: also the outside form of ids that carry a row number.
    public func encipher(_ block: UInt128) -> UInt128 {
        self.block.withLock { cipher in cipher.encrypt(block) }
    }

    /// The inverse of `encipher`.
    public func decipher(_ block: UInt128) -> UInt128 {
        self.block.withLock { cipher in cipher.decrypt(block) }
    }

    private func read(
        _ text: Span<UInt8>, _ kind: TokenKind
    ) -> (rowNumber: UInt64, verifier: [UInt8])? {
        // One length per kind, and one spelling per value: nothing can be cut off or added (C6).
        guard text.count == kind.tokenByteCount else { return nil }
        let start = kind.prefix.count + 1
        for index in kind.prefix.indices where text[index] != kind.prefix[index] { return nil }
        guard text[start - 1] == UInt8(ascii: "_") else { return nil }
        var crc = CRC32()
        let checked = start + 43
        crc.update(text.extracting(0..<checked))
        guard
            let sum = Base62.decodeLimbs(text.extracting(checked..<text.count), byteCount: 4),
            sum[0] == UInt64(crc.value),
            let words = Base62.decodeLimbs(text.extracting(start..<checked), byteCount: 32)
        else { return nil }
        let plain = decipher(UInt128(words[3]) << 64 | UInt128(words[2]))
        var verifier = ByteWriter(capacity: Self.verifierByteCount)
        verifier.write(bigEndian: UInt64(truncatingIfNeeded: plain))
        verifier.write(bigEndian: words[1])
        verifier.write(bigEndian: words[0])
        return (UInt64(truncatingIfNeeded: plain >> 64), verifier.bytes)
    }

    private static func digest(_ kind: TokenKind, _ verifier: Span<UInt8>) -> SHA256Digest {
        var input = digestInput(kind, verifier)
        defer { input.wipe() }
        return SHA256.hash(input)
    }

    private static func digestInput(_ kind: TokenKind, _ verifier: Span<UInt8>) -> [UInt8] {
        precondition(verifier.count == verifierByteCount, "\(verifier.count) bytes")
        var input = kind.prefix
        input.reserveCapacity(kind.prefix.count + 1 + verifierByteCount)
        input.append(UInt8(ascii: "_"))
        for index in verifier.indices { input.append(verifier[index]) }
        return input
    }
}
