/// The two spellings of an ECDSA signature on P-256: r ‖ s, as JOSE has it, and the DER that the
/// library speaks (RFC 3279 §2.2.3).
enum ECDSASignature {
    /// DER from r ‖ s.
    ///
    /// - Precondition: 64 bytes.
    static func document(of raw: [UInt8]) -> [UInt8] {
        precondition(raw.count == 64, "signature of \(raw.count) bytes")
        let body = integer(raw[..<32]) + integer(raw[32...])
        return [0x30, UInt8(body.count)] + body
    }

    /// r ‖ s from DER; nil for anything that is no signature on P-256.
    static func raw(of document: [UInt8]) -> [UInt8]? {
        guard document.count >= 2, document[0] == 0x30, Int(document[1]) == document.count - 2
        else { return nil }
        var rest = document[2...]
        guard let r = number(&rest), let s = number(&rest), rest.isEmpty else { return nil }
        return r + s
    }

    // The shortest two's complement of a number that is not negative.
    private static func integer(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
        var digits = Array(bytes.drop { $0 == 0 })
        if digits.first.map({ $0 >= 0x80 }) ?? true { digits.insert(0, at: 0) }
        return [0x02, UInt8(digits.count)] + digits
    }

    private static func number(_ rest: inout ArraySlice<UInt8>) -> [UInt8]? {
        guard rest.popFirst() == 0x02, let count = rest.popFirst(), rest.count >= count else {
            return nil
        }
        let digits = rest.prefix(Int(count)).drop { $0 == 0 }
        rest = rest.dropFirst(Int(count))
        guard digits.count <= 32 else { return nil }
        return [UInt8](repeating: 0, count: 32 - digits.count) + digits
    }
}
