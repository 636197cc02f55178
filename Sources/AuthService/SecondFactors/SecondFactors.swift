public import AuthCore
internal import ByteCodec
public import Cryptography
internal import RaftCore

/// What users do with their own one-time codes, and administrators with those of others.
public enum SecondFactors {
    /// A secret that is shown once.
    public struct Enrolled: Sendable {
        /// In base 32, as authenticator apps take it.
        public let secret: String
        /// The same as a link (the key URI format of authenticator apps).
        public let uri: String
        public let index: UInt64
    }

    /// Codes that are shown once.
    public struct Recovery: Sendable {
        public let codes: [String]
        public let index: UInt64
    }

    /// Makes a secret for the caller, whose codes count once one was shown.
    public static func enrol(
        password: SharedSecret, issuer: String, _ caller: Caller, _ context: RequestContext
    ) -> Flow<Enrolled> {
        StepUp(password: password, caller: caller, context: context).run { version, world in
            Flow(world.requireKeys()).then { keys in
                let secret = SecretBytes(copying: world.random.bytes(TOTP.secretByteCount))
                let enrolment: UInt64 = world.random.integer()
                let sealed: SealedBytes
                do throws(KeyringError) {
                    sealed = try keys.sealer.seal(
                        secret,
                        for: ServiceKeys.place(
                            caller.tenant, caller.user.id, enrolment: enrolment),
                        random: world.random)
                } catch {
                    return .failed(.internal("a second factor could not be sealed: \(error)"))
                }
                let text = secret.withBytes { bytes in
                    Base32.encode(bytes.indices.map { bytes[$0] })
                }
                let operation = Command.EnrolFactor(
                    user: caller.user.id, authVersionSeen: version, enrolment: enrolment,
                    secret: SealedBlob(term: sealed.term, bytes: sealed.bytes))
                return propose(.enrolFactor(operation), caller, context).map { index in
                    Enrolled(
                        secret: text,
                        uri: uri(secret: text, issuer: issuer, name: caller.user.username),
                        index: index)
                }
            }
        }
    }

    /// Has the caller's codes count, once one of them was shown.
    public static func confirm(
        code: String, _ caller: Caller, _ context: RequestContext, _ world: World
    ) -> Flow<Recovery> {
        .confirmRead { world in
            Flow(look(code, caller, world)).then { row, verdict in
                guard let row else { return .failed(.notFound) }
                guard !row.isActive else { return .failed(.exists) }
                guard case .right(let shown) = verdict else {
                    return denyCode(caller, context)
                }
                return renew(row, shown, authVersionSeen: nil, caller, context, world)
            }
        }
    }

    /// Makes new recovery codes in place of all old ones.
    public static func renewRecoveryCodes(
        password: SharedSecret, code: String, _ caller: Caller, _ context: RequestContext
    ) -> Flow<Recovery> {
        show(password: password, code: code, caller, context) { version, shown, row, world in
            renew(row, shown, authVersionSeen: version, caller, context, world)
        }
    }

    /// Removes the caller's second factor.
    public static func remove(
        password: SharedSecret, code: String?, _ caller: Caller, _ context: RequestContext
    ) -> Flow<UInt64> {
        show(password: password, code: code, caller, context) { version, shown, _, _ in
            let proof = Command.RemoveFactor.Proof(authVersionSeen: version, shown: shown)
            return propose(
                .removeFactor(.init(user: caller.user.id, proof: proof)), caller, context)
        }
    }

    /// Removes the second factor of somebody else. Apply decides whether the caller may.
    public static func reset(
        _ user: UserID, _ caller: Caller, _ context: RequestContext, _ world: World
    ) -> Flow<UInt64> {
        guard user != caller.user.id else {
            return .failed(.invalid("one's own is removed at /v1/users/self/totp/remove"))
        }
        return Users.perform(.removeFactor(.init(user: user)), caller, context, world)
    }

    // MARK: - Steps

    /// Has the caller show password and code. What there is to say of the factor is said by apply:
    /// behind a password that was right only where none is held back.
    private static func show<Answer: Sendable>(
        password: SharedSecret, code: String?, _ caller: Caller, _ context: RequestContext,
        then next: @escaping @Sendable (UInt64, ShownCode?, SecondFactorRow?, World) -> Flow<Answer>
    ) -> Flow<Answer> {
        let stepUp = StepUp(password: password, caller: caller, context: context)
        return stepUp.run { version, world in
            Flow(look(code, caller, world)).then { row, verdict in
                guard let row, row.isActive else { return next(version, nil, row, world) }
                switch verdict {
                case .none: return next(version, nil, row, world)
                case .right(let shown): return next(version, shown, row, world)
                case .wrong: return denyCode(caller, context)
                }
            }
        }
    }

    /// The caller's factor, and what the code is to it, by one view.
    private static func look(
        _ code: String?, _ caller: Caller, _ world: World
    ) -> Result<(SecondFactorRow?, CodeVerdict), ServiceFailure> {
        world.view { view in
            let row = try SecondFactorRow.read(caller.tenant, caller.user.id, view.tables)
            return world.judge(code, row, view).map { (row, $0) }
        }
    }

    /// Counts a wrong code as a failed log-in, and says no.
    private static func denyCode<Answer: Sendable>(
        _ caller: Caller, _ context: RequestContext
    ) -> Flow<Answer> {
        let failure = Command.FailLogIn(subject: .user(caller.user.id), reason: .wrongCode)
        return LogInNames.count(failure, in: caller.tenant, context) {
            .failed(.invalidCredentials)
        }
    }

    /// - Parameters:
    ///   - row: nil where apply is to say that there is none.
    ///   - shown: nil likewise.
    private static func renew(
        _ row: SecondFactorRow?, _ shown: ShownCode?, authVersionSeen: UInt64?, _ caller: Caller,
        _ context: RequestContext, _ world: World
    ) -> Flow<Recovery> {
        let codes = (0..<Limits.recoveryCodes).map { _ in
            world.random.bytes(RecoveryCode.byteCount)
        }
        let operation = Command.ConfirmFactor(
            user: caller.user.id, authVersionSeen: authVersionSeen,
            shown: shown ?? .totp(enrolment: 0, step: 0),
            recoveryCodes: codes.map { code in
                row.map { ServiceKeys.digest(code, of: $0) } ?? Digest256(SHA256.hash(code))
            })
        return propose(.confirmFactor(operation), caller, context).map { index in
            Recovery(codes: codes.map(RecoveryCode.text), index: index)
        }
    }

    /// Proposes what is shown once, so that it is no answer to keep under an `Idempotency-Key`.
    private static func propose(
        _ operation: Command.Operation, _ caller: Caller, _ context: RequestContext
    ) -> Flow<UInt64> {
        let header = context.header(caller.actor, tenant: caller.tenant)
        return .propose(Command(operation, header: header)) { refusal, world in
            guard case .heldBack(let end) = refusal else {
                return .failed(ServiceFailure(refusal))
            }
            return .failed(.rateLimited(until: end, now: world.now))
        } then: { applied, _ in
            .done(applied.index.rawValue)
        }
    }

    private static func uri(secret: String, issuer: String, name: UserName) -> String {
        let label = escaped(issuer) + ":" + escaped(name.string)
        return "otpauth://totp/\(label)?secret=\(secret)&issuer=\(escaped(issuer))"
            + "&algorithm=SHA1&digits=6&period=30"
    }

    /// Percent-encoded but for what never needs it (RFC 3986 §2.3).
    private static func escaped(_ text: String) -> String {
        let digits = Array("0123456789ABCDEF".utf8)
        let bytes = text.utf8.flatMap { byte -> [UInt8] in
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: [byte]
            case UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "~"): [byte]
            default: [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
