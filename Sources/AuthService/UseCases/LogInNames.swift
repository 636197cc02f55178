internal import AuthCore
internal import ByteCodec
internal import Cryptography

/// How failed log-ins find the one counter of a name, in whatever spelling it comes.
enum LogInNames {
    /// By whom failures under a typed name are counted: by its user when there is one, else by the
    /// name.
    ///
    /// - Parameters:
    ///   - place: where the name is looked for.
    static func subject(
        _ typed: String, in place: TenantReference.Found, _ keys: ServiceKeys,
        _ tables: some TableReader
    ) throws -> LogInSubject {
        let folded = fold(typed)
        // Also where it is not needed, so that both take as long.
        let digest = Digest256(keys.logInNames.tag(tenant: place.spelling, name: folded))
        guard let name = UserName(String(decoding: folded, as: UTF8.self)),
            let user = try UserRow.id(place.tenant, named: name, tables)
        else { return .name(digest) }
        return .user(user)
    }

    /// The spelling that all spellings of a name share: without spaces, full-width letters as
    /// ordinary ones, in lower case.
    ///
    /// Only ASCII upper case is another spelling at which one is let in; the rest is what might be
    /// tried as one. Counting it together costs nobody anything.
    static func fold(_ typed: String) -> [UInt8] {
        var folded = String.UnicodeScalarView()
        for scalar in typed.unicodeScalars {
            switch scalar.value {
            case 0x09...0x0D, 0x20, 0x85, 0xA0, 0xAD, 0x1680, 0x180E, 0x2000...0x200F,
                0x2028...0x202F, 0x205F...0x206F, 0x3000, 0xFEFF:
                continue
            case 0xFF01...0xFF5E:
                folded.append(ascii(scalar.value - 0xFF01 + 0x21))
            default: folded.append(scalar.isASCII ? ascii(scalar.value) : scalar)
            }
        }
        return Array(String(folded).utf8)
    }

    private static func ascii(_ value: UInt32) -> Unicode.Scalar {
        let byte = UInt8(truncatingIfNeeded: value)
        let isUpper = (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte)
        return Unicode.Scalar(isUpper ? byte + 32 : byte)
    }

    /// Counts a failure, and goes on to the answer unless the name is held back by then.
    static func count<Answer: Sendable>(
        _ failure: Command.FailLogIn, in tenant: TenantID, _ context: RequestContext,
        then answer: @escaping @Sendable () -> Flow<Answer>
    ) -> Flow<Answer> {
        let header = context.header(.anonymous, tenant: tenant)
        return .propose(Command(.failLogIn(failure), header: header)) { refusal, world in
            // The tenant went away meanwhile, and the answer is that of one that never was.
            if refusal == .notFound(.tenant) { return answer() }
            guard case .heldBack(let end) = refusal else {
                return .failed(ServiceFailure(refusal))
            }
            return .failed(.rateLimited(until: end, now: world.now))
        } then: { _, _ in
            answer()
        }
    }
}

extension World {
    /// Whether the cluster counts failed log-ins yet.
    func counts(failuresOf meta: StateMeta) -> Bool {
        meta.featureLevel >= Limits.logInFeatureLevel
    }
}

extension ServiceFailure {
    /// Held back until a moment: in whole seconds, and at least one.
    static func rateLimited(until end: Timestamp, now: Timestamp) -> ServiceFailure {
        .rateLimited(seconds: max(1, (end.milliseconds(since: now) + 999) / 1_000))
    }
}
