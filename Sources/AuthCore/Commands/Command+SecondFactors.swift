import ByteCodec

extension Command {
    /// Keeps a secret for one-time codes, which count once one was shown. Only for oneself, who
    /// has shown the password of this version; replaces one that was never confirmed.
    public struct EnrolFactor: Hashable, Sendable {
        public var user: UserID
        public var authVersionSeen: UInt64
        public var enrolment: UInt64
        public var secret: SealedBlob
        public init(
            user: UserID, authVersionSeen: UInt64, enrolment: UInt64, secret: SealedBlob
        ) {
            self.user = user
            self.authVersionSeen = authVersionSeen
            self.enrolment = enrolment
            self.secret = secret
        }
    }

    /// Confirms an enrolment by a code of it, or renews the recovery codes of one that is
    /// confirmed, which needs the password too. Only for oneself.
    public struct ConfirmFactor: Hashable, Sendable {
        public var user: UserID
        public var authVersionSeen: UInt64?
        public var shown: ShownCode
        /// Digests of the new recovery codes.
        public var recoveryCodes: [Digest256]
        public init(
            user: UserID, authVersionSeen: UInt64? = nil, shown: ShownCode,
            recoveryCodes: [Digest256]
        ) {
            self.user = user
            self.authVersionSeen = authVersionSeen
            self.shown = shown
            self.recoveryCodes = recoveryCodes
        }
    }

    /// Removes a second factor: one's own with password and code, that of somebody else with
    /// `users:write` and every permission that they have.
    public struct RemoveFactor: Hashable, Sendable {
        public var user: UserID
        /// What oneself has shown; nil where it is somebody else's.
        public var proof: Proof?
        public init(user: UserID, proof: Proof? = nil) {
            self.user = user
            self.proof = proof
        }

        /// Password and code.
        public struct Proof: Hashable, Sendable {
            public var authVersionSeen: UInt64
            /// Nil for an enrolment that was never confirmed.
            public var shown: ShownCode?
            public init(authVersionSeen: UInt64, shown: ShownCode?) {
                self.authVersionSeen = authVersionSeen
                self.shown = shown
            }
        }
    }
}

extension ShownCode {
    func write(to writer: inout ByteWriter) {
        switch self {
        case .totp(let enrolment, let step):
            writer.write(UInt8(1))
            writer.write(enrolment)
            writer.write(step)
        case .recovery(let enrolment, let digest):
            writer.write(UInt8(2))
            writer.write(enrolment)
            writer.write(digest)
        }
    }

    init(from reader: inout ByteReader) throws(ByteCodecError) {
        let kind: UInt8 = try reader.read()
        switch kind {
        case 1: self = .totp(enrolment: try reader.read(), step: try reader.read())
        case 2: self = .recovery(enrolment: try reader.read(), try reader.readDigest())
        default: throw .malformed(offset: reader.offset - 1, what: "code \(kind)")
        }
    }
}

extension Command.EnrolFactor {
    func write(to writer: inout ByteWriter) {
        writer.write(user)
        writer.write(authVersionSeen)
        writer.write(enrolment)
        writer.write(secret)
    }

    init(from reader: inout ByteReader) throws(ByteCodecError) {
        user = try reader.readID()
        authVersionSeen = try reader.read()
        enrolment = try reader.read()
        secret = try reader.readBlob(atMost: Limits.factorSecretBytes)
    }
}

extension Command.ConfirmFactor {
    func write(to writer: inout ByteWriter) {
        writer.write(user)
        writer.write(optional: authVersionSeen) { $0.write($1) }
        shown.write(to: &writer)
        writer.write(list: recoveryCodes) { $0.write($1) }
    }

    init(from reader: inout ByteReader) throws(ByteCodecError) {
        user = try reader.readID()
        authVersionSeen = try reader.readOptional { reader throws(ByteCodecError) in
            try reader.read()
        }
        shown = try ShownCode(from: &reader)
        recoveryCodes = try reader.readList(atMost: Limits.recoveryCodes) {
            reader throws(ByteCodecError) in try reader.readDigest()
        }
    }
}

extension Command.RemoveFactor {
    func write(to writer: inout ByteWriter) {
        writer.write(user)
        writer.write(optional: proof) { writer, proof in
            writer.write(proof.authVersionSeen)
            writer.write(optional: proof.shown) { $1.write(to: &$0) }
        }
    }

    init(from reader: inout ByteReader) throws(ByteCodecError) {
        user = try reader.readID()
        proof = try reader.readOptional { reader throws(ByteCodecError) in
            Proof(
                authVersionSeen: try reader.read(),
                shown: try reader.readOptional { reader throws(ByteCodecError) in
                    try ShownCode(from: &reader)
                })
        }
    }
}
