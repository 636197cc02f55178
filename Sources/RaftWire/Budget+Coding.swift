internal import Budgets
internal import ByteCodec

// Budgets between nodes (docs/formats/wire.md).

extension BudgetID {
    static let encodedBytes = 17

    func encode(into writer: inout ByteWriter) {
        writer.write(kind.rawValue)
        writer.write(bits)
    }

    init(from reader: inout ByteReader) throws(ByteCodecError) {
        let start = reader.offset
        let number: UInt8 = try reader.read()
        guard let kind = Kind(rawValue: number) else {
            throw .malformed(offset: start, what: "budget of kind \(number)")
        }
        self.init(kind, try reader.read())
    }
}

extension Budget {
    static let encodedBytes = BudgetID.encodedBytes + 12

    /// Appends the name, count, seconds and burst.
    func encode(into writer: inout ByteWriter) {
        id.encode(into: &writer)
        writer.write(rate.count)
        writer.write(rate.seconds)
        writer.write(rate.burst)
    }

    init(from reader: inout ByteReader) throws(ByteCodecError) {
        let id = try BudgetID(from: &reader)
        let start = reader.offset
        let count: UInt32 = try reader.read()
        let seconds: UInt32 = try reader.read()
        let burst: UInt32 = try reader.read()
        guard count > 0, count <= BudgetRate.countMax, seconds > 0,
            seconds <= BudgetRate.secondsMax, burst > 0, burst <= count
        else { throw .malformed(offset: start, what: "rate") }
        self.init(id, BudgetRate(count: count, seconds: seconds, burst: burst))
    }
}

extension BudgetClaims {
    private static let claimBytes = Budget.encodedBytes + 12

    /// Appends the sequence, and each claim: budget, spent, returned, wanted.
    func encode(into writer: inout ByteWriter) {
        precondition(claims.count <= Self.countMax, "\(claims.count) claims")
        writer.write(sequence)
        writer.write(UInt32(claims.count))
        for claim in claims {
            claim.budget.encode(into: &writer)
            writer.write(claim.spent)
            writer.write(claim.returned)
            writer.write(claim.wanted)
        }
    }

    init(from reader: inout ByteReader) throws(ByteCodecError) {
        let sequence: UInt64 = try reader.read()
        let count = try reader.readCount(atMost: Self.countMax, bytesEach: Self.claimBytes)
        var claims: [BudgetClaim] = []
        for _ in 0..<count {
            claims.append(
                BudgetClaim(
                    budget: try Budget(from: &reader), spent: try reader.read(),
                    returned: try reader.read(), wanted: try reader.read()))
        }
        self.init(sequence: sequence, claims: claims)
    }
}

extension BudgetGrants {
    private static let grantBytes = BudgetID.encodedBytes + 12

    /// Appends the sequence, and each grant: name, requests, level.
    func encode(into writer: inout ByteWriter) {
        precondition(grants.count <= BudgetClaims.countMax, "\(grants.count) grants")
        writer.write(sequence)
        writer.write(UInt32(grants.count))
        for grant in grants {
            grant.id.encode(into: &writer)
            writer.write(grant.granted)
            writer.write(UInt64(bitPattern: grant.level))
        }
    }

    init(from reader: inout ByteReader) throws(ByteCodecError) {
        let sequence: UInt64 = try reader.read()
        let count = try reader.readCount(
            atMost: BudgetClaims.countMax, bytesEach: Self.grantBytes)
        var grants: [BudgetGrant] = []
        for _ in 0..<count {
            let id = try BudgetID(from: &reader)
            let granted: UInt32 = try reader.read()
            let level: UInt64 = try reader.read()
            grants.append(BudgetGrant(id: id, granted: granted, level: Int64(bitPattern: level)))
        }
        self.init(sequence: sequence, grants: grants)
    }
}

extension BudgetLevel {
    /// What each takes.
    static let encodedBytes = Budget.encodedBytes + 8

    /// Appends budget and level.
    func encode(into writer: inout ByteWriter) {
        budget.encode(into: &writer)
        writer.write(UInt64(bitPattern: level))
    }

    init(from reader: inout ByteReader) throws(ByteCodecError) {
        let budget = try Budget(from: &reader)
        let level: UInt64 = try reader.read()
        self.init(budget: budget, level: Int64(bitPattern: level))
    }
}
