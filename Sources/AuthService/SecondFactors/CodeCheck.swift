internal import AuthCore
internal import ByteCodec
internal import Cryptography

/// What a code that came with a password is, as one view and the keyring of this node see it.
enum CodeVerdict: Sendable {
    /// There is none, or the user has no second factor: apply says whether one is needed.
    case none
    /// It is right as far as is known here; apply spends it, or says that it was.
    case right(ShownCode)
    case wrong
}

extension World {
    /// Judges a code against the user's second factor, confirmed or not.
    func judge(
        _ code: String?, of user: UserID, in tenant: TenantID
    ) -> Result<CodeVerdict, ServiceFailure> {
        view { view in
            judge(code, try SecondFactorRow.read(tenant, user, view.tables), view)
        }
    }

    /// Judges a code against a second factor of this view.
    func judge(
        _ code: String?, _ row: SecondFactorRow?, _ view: StateView
    ) -> Result<CodeVerdict, ServiceFailure> {
        guard let code, let row else { return .success(.none) }
        return requireKeys().flatMap { $0.judge(code, row, now: view.now) }
    }
}

extension ServiceKeys {
    /// Judges a code against a second factor.
    func judge(
        _ code: String, _ row: SecondFactorRow, now: Timestamp
    ) -> Result<CodeVerdict, ServiceFailure> {
        if let recovery = RecoveryCode.read(code) {
            let digest = Self.digest(recovery, of: row)
            return .success(
                row.recoveryCodes.contains(digest)
                    ? .right(.recovery(enrolment: row.enrolment, digest)) : .wrong)
        }
        do throws(KeyringError) {
            let secret = try sealer.open(row.secret.bytes, from: Self.place(row))
            let typed = Array(code.utf8)
            let isCode =
                typed.count == TOTP.digitCount
                && typed.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
            guard isCode, let step = TOTP.match(typed, secret: secret, at: now) else {
                return .success(.wrong)
            }
            return .success(.right(.totp(enrolment: row.enrolment, step: step)))
        } catch {
            return .failure(.internal("a second factor could not be opened: \(error)"))
        }
    }

    /// Where the secret of an enrolment lies, and nowhere else.
    static func place(_ tenant: TenantID, _ user: UserID, enrolment: UInt64) -> SealPlace {
        let (table, key) = SecondFactorRow.place(tenant, user)
        return SealPlace(purpose: .fieldData, table: table, key: key, version: enrolment)
    }

    private static func place(_ row: SecondFactorRow) -> SealPlace {
        place(row.tenant, row.user, enrolment: row.enrolment)
    }

    /// What is kept of a recovery code.
    static func digest(_ code: [UInt8], of row: SecondFactorRow) -> AuthCore.Digest256 {
        var writer = ByteWriter(capacity: 96)
        writer.write(lengthPrefixed: "watchword/v1/recovery-code")
        writer.write(raw: row.tenant.bytes)
        writer.write(raw: row.user.bytes)
        writer.write(row.enrolment)
        writer.write(raw: code)
        return AuthCore.Digest256(SHA256.hash(writer.bytes))
    }
}
