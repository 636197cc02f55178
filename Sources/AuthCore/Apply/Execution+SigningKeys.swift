import ByteCodec

/// The keys that access tokens are signed with. What each is for follows from the times in it, so
/// that nothing has to happen for the next one to begin and the last one to end.
extension Execution {
    /// Puts a new key behind the present ones, or in their place.
    mutating func rotateSigningKeys(
        _ body: Command.RotateSigningKeys
    ) throws -> Outcome.Result {
        guard tenant == .platform else { return .refused(.insufficientPermissions) }
        if let refusal = try require(.signingKeysWrite) { return .refused(refusal) }
        let keys = try SigningKeys.read(tables)
        guard keys.version == body.expectedVersion else {
            return .refused(.stale(current: keys.version))
        }
        guard body.publicKey.count == body.algorithm.publicKeyBytes else {
            return .refused(.invalid(.form))
        }
        guard body.leadMilliseconds <= Limits.signingKeyLeadMilliseconds,
            body.keepMilliseconds <= Limits.signingKeyKeepMilliseconds
        else { return .refused(.invalid(.duration)) }
        guard !keys.rows.contains(where: { $0.id == body.id }) else {
            return .refused(.exists(.key))
        }
        // A key that waits has signed nothing: no stamp has reached its time.
        let kept =
            body.isRevoking
            ? [] : keys.rows.filter { !$0.hasEnded(by: stamp) && $0.signsFrom <= stamp }
        guard kept.count < Limits.signingKeys else { return .refused(.quota(.key)) }
        var signsFrom = stamp
        if var signer = keys.signer(at: stamp), kept.contains(signer) {
            signsFrom = stamp.advanced(milliseconds: body.leadMilliseconds)
            signer.endsAt = signsFrom.advanced(milliseconds: body.keepMilliseconds)
            try signer.put(tables)
        }
        for row in keys.rows where !kept.contains(where: { $0.id == row.id }) {
            if Planted.jwtPreviousKeyKept.isOn, row.signsFrom <= stamp { continue }
            try row.remove(tables)
        }
        try SigningKeyRow(
            id: body.id, algorithm: body.algorithm, createdAt: stamp, signsFrom: signsFrom,
            endsAt: nil, publicKey: body.publicKey, privateKey: body.privateKey
        ).put(tables)
        try SigningKeysVersionRow(version: keys.version + 1).put(tables)
        note?.details.append(.version(keys.version + 1))
        return .done
    }

    /// Removes keys that have ended. Says how many.
    func sweepSigningKeys() throws -> UInt32 {
        let ended = try SigningKeys.read(tables).rows.filter { $0.hasEnded(by: stamp) }
        if Planted.jwtPreviousKeyKept.isOn { return 0 }
        for row in ended { try row.remove(tables) }
        return UInt32(ended.count)
    }
}
