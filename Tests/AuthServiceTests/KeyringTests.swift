import ByteCodec
import Cryptography
import Testing

@testable import AuthService

@Suite("The keyring")
struct KeyringTests {
    private let random = SimulatedRandomBytes(seed: 1)
    private let made = Timestamp(milliseconds: 1_700_000_000_000)

    private func keyring() -> Keyring {
        Keyring.make(clusterID: KeyFixtures.clusterID, at: made, random: random)
    }

    private func error(_ body: () throws -> Void) -> KeyringError? {
        do {
            try body()
            return nil
        } catch {
            return error as? KeyringError
        }
    }

    @Test("opens from its row under the root key, with every term as it was")
    func roundTrip() throws {
        var ring = keyring()
        for generation in 1...4 {
            let root = KeyFixtures.rootKey()
            let row = try ring.sealedRow(under: root, random: random)
            let opened = try Keyring(row: row, under: root, clusterID: KeyFixtures.clusterID)
            #expect(opened.generation == UInt64(generation))
            #expect(opened.terms.map(\.number) == ring.terms.map(\.number))
            #expect(opened.terms.map(\.state) == ring.terms.map(\.state))
            #expect(opened.terms.map(\.createdAt) == ring.terms.map(\.createdAt))
            for (one, other) in zip(opened.terms, ring.terms) {
                let same = one.key.bytes.isEqual(to: other.key.bytes)
                #expect(same)
            }
            ring = ring.rotated(at: made.advanced(milliseconds: 5), random: random)
        }
    }

    @Test("stays closed under another root key, in another cluster, and with any bit changed")
    func forgeries() throws {
        let root = KeyFixtures.rootKey()
        let row = try keyring().sealedRow(under: root, random: random)
        func opening(
            _ row: [UInt8], _ root: RootKey, _ cluster: [UInt8]
        ) -> KeyringError? {
            error { _ = try Keyring(row: row, under: root, clusterID: cluster) }
        }
        let cluster = KeyFixtures.clusterID
        #expect(opening(row, root, cluster) == nil)
        #expect(opening(row, KeyFixtures.rootKey(0xA6), cluster) == .authenticationFailed)
        #expect(opening(row, root, KeyFixtures.otherClusterID) == .authenticationFailed)
        #expect(
            opening(row, KeyFixtures.rootKey(version: 2), cluster)
                == .rootKeyVersion(sealed: 1, held: 2))
        for bit in 0..<(row.count * 8) {
            #expect(opening(row.flipping(bit), root, cluster) != nil, "bit \(bit)")
        }
        for count in 0..<row.count {
            #expect(opening(Array(row[..<count]), root, cluster) != nil, "\(count) bytes")
        }
        #expect(opening([9] + row[1...], root, cluster) == .unknownFormat(9))
    }

    @Test("seals no two rows alike")
    func fresh() throws {
        let ring = keyring()
        let root = KeyFixtures.rootKey()
        let first = try ring.sealedRow(under: root, random: random)
        let second = try ring.sealedRow(under: root, random: random)
        #expect(first != second)
    }

    @Test("refuses terms that do not ascend, and any number of active terms but one")
    func consistency() {
        func term(_ number: UInt32, _ state: KeyringTerm.State) -> KeyringTerm {
            KeyringTerm(
                number: number, createdAt: made, uses: 0, state: state,
                key: SharedSecret(copying: [UInt8](repeating: 1, count: 32)))
        }
        let wrong: [[KeyringTerm]] = [
            [], [term(0, .active)], [term(1, .retired)], [term(1, .active), term(2, .active)],
            [term(2, .retired), term(1, .active)], [term(1, .retired), term(1, .active)],
        ]
        for terms in wrong {
            let refused = error {
                _ = try Keyring(clusterID: KeyFixtures.clusterID, generation: 1, terms: terms)
            }
            guard case .inconsistent = refused else {
                Issue.record("\(terms.map(\.number)): \(String(describing: refused))")
                continue
            }
        }
    }

    @Test("gives each purpose, term and cluster a key of its own")
    func separation() throws {
        let ring = keyring().rotated(at: made, random: random)
        let other = try Keyring(
            clusterID: KeyFixtures.otherClusterID, generation: 2, terms: ring.terms)
        var keys: Set<[UInt8]> = []
        for purpose in KeyPurpose.allCases {
            for term in ring.terms {
                keys.insert(try ring.key(purpose, term: term.number).bytes.revealed)
                keys.insert(try other.key(purpose, term: term.number).bytes.revealed)
            }
        }
        #expect(keys.count == KeyPurpose.allCases.count * 2 * 2)
        #expect(error { _ = try ring.key(.pepper, term: 3) } == .unknownTerm(3))
    }

    @Test("asks for a new term after 90 days or 2³⁰ uses")
    func rotation() throws {
        let ring = keyring()
        let end = made.advanced(milliseconds: Keyring.termAgeMaxMilliseconds)
        #expect(!ring.isRotationDue(at: Timestamp(rawValue: end.rawValue - 1)))
        #expect(ring.isRotationDue(at: end))
        let used = KeyringTerm(
            number: 1, createdAt: made, uses: 1 << 30, state: .active, key: ring.active.key)
        let worn = try Keyring(clusterID: ring.clusterID, generation: 1, terms: [used])
        #expect(worn.isRotationDue(at: made))
    }

    @Test("reads a root key file as init and an operator write it, and overwrites the contents")
    func rootKeyFile() throws {
        let digits = String(repeating: "0aF5", count: 16)
        for (text, version) in [(digits, 1), (digits + "\n", 1), ("7:" + digits + "\n", 7)] {
            var contents = Array(text.utf8)
            let root = try RootKey(file: &contents)
            #expect(root.version == UInt32(version))
            let revealed = root.key.revealed
            #expect(revealed == hex(digits))
            #expect(contents.allSatisfy { $0 == 0 })
        }
        for text in [
            "", "\n", "0:" + digits, ":" + digits, "x:" + digits, "01:" + digits,
            "9999999999:" + digits, digits + "0", digits + "\n\n", digits + " ",
            String(digits.dropLast()), String(digits.dropLast()) + "g",
        ] {
            var contents = Array(text.utf8)
            #expect(throws: KeyringError.malformedRootKey) {
                _ = try RootKey(file: &contents)
            }
        }
    }
}

@Suite("Sealed secrets")
struct SecretSealerTests {
    private let random = SimulatedRandomBytes(seed: 2)

    private func keyring() -> Keyring {
        Keyring.make(clusterID: KeyFixtures.clusterID, at: .zero, random: random)
    }

    private func opens(
        _ sealed: [UInt8], _ sealer: SecretSealer, _ place: SealPlace
    ) -> Bool {
        do throws(KeyringError) {
            _ = try sealer.open(sealed, from: place)
            return true
        } catch {
            return false
        }
    }

    @Test("opens what it sealed, at any length up to that of the longest value")
    func roundTrip() throws {
        let sealer = SecretSealer(keyring: keyring())
        for count in [0, 1, 15, 16, 17, 65_536] {
            let plain = (0..<count).map { UInt8(truncatingIfNeeded: $0) }
            let sealed = try sealer.seal(
                SecretBytes(copying: plain), for: KeyFixtures.place(), random: random)
            #expect(sealed.bytes.count == count + SecretSealer.overheadByteCount)
            #expect(sealed.term == 1)
            let opened = try sealer.open(sealed.bytes, from: KeyFixtures.place())
            let revealed = opened.revealed
            #expect(revealed == plain)
        }
    }

    @Test("opens in its own place only (security §2.3)")
    func places() throws {
        let ring = keyring()
        let sealer = SecretSealer(keyring: ring)
        let place = KeyFixtures.place()
        let sealed = try sealer.seal(
            SecretBytes(copying: [1, 2, 3]), for: place, random: random
        ).bytes
        #expect(opens(sealed, sealer, place))
        let others = [
            KeyFixtures.place(purpose: .fieldData), KeyFixtures.place(table: 15),
            KeyFixtures.place(key: "app/dc"), KeyFixtures.place(key: "app/d"),
            KeyFixtures.place(key: ""), KeyFixtures.place(version: 4),
        ]
        for other in others { #expect(!opens(sealed, sealer, other)) }
        let elsewhere = SecretSealer(
            keyring: try Keyring(
                clusterID: KeyFixtures.otherClusterID, generation: 1, terms: ring.terms))
        #expect(!opens(sealed, elsewhere, place))
        #expect(!opens(sealed, SecretSealer(keyring: keyring()), place))
    }

    @Test("gives nothing when any bit is changed or anything is cut off")
    func forgeries() throws {
        let sealer = SecretSealer(keyring: keyring())
        let place = KeyFixtures.place()
        let sealed = try sealer.seal(
            SecretBytes(copying: [1, 2, 3]), for: place, random: random
        ).bytes
        for bit in 0..<(sealed.count * 8) {
            #expect(!opens(sealed.flipping(bit), sealer, place), "bit \(bit)")
        }
        for count in 0..<sealed.count { #expect(!opens(Array(sealed[..<count]), sealer, place)) }
        #expect(!opens(sealed + [0], sealer, place))
    }

    @Test("opens under retired terms, and seals under the active one")
    func terms() throws {
        let old = keyring()
        let new = old.rotated(at: .zero, random: random)
        let place = KeyFixtures.place()
        let before = try SecretSealer(keyring: old).seal(
            SecretBytes(copying: [1]), for: place, random: random)
        let after = try SecretSealer(keyring: new).seal(
            SecretBytes(copying: [1]), for: place, random: random)
        #expect((before.term, after.term) == (1, 2))
        #expect(opens(before.bytes, SecretSealer(keyring: new), place))
        #expect(throws: KeyringError.unknownTerm(2)) {
            _ = try SecretSealer(keyring: old).open(after.bytes, from: place)
        }
    }

    @Test("never seals the same bytes twice alike")
    func fresh() throws {
        let sealer = SecretSealer(keyring: keyring())
        let all = try (0..<50).map { _ in
            try sealer.seal(
                SecretBytes(copying: [1]), for: KeyFixtures.place(), random: random
            ).bytes
        }
        #expect(Set(all).count == 50)
    }
}

@Suite("MACs under the keyring")
struct KeyringMACTests {
    private let random = SimulatedRandomBytes(seed: 3)

    private func keyring() -> Keyring {
        Keyring.make(clusterID: KeyFixtures.clusterID, at: .zero, random: random)
    }

    @Test("remembers a body by scope and contents, across a rotation of the keyring")
    func idempotency() {
        let ring = keyring()
        let mac = IdempotencyMAC(keyring: ring)
        let tag = mac.tag(scope: [1, 2], body: [3])
        #expect(mac.tag(scope: [1, 2], body: [3]) == tag)
        #expect(mac.tag(scope: [1], body: [2, 3]) != tag)
        #expect(mac.tag(scope: [1, 2], body: [4]) != tag)
        let later = IdempotencyMAC(keyring: ring.rotated(at: .zero, random: random))
        #expect(later.tag(scope: [1, 2], body: [3]) == tag)
        #expect(IdempotencyMAC(keyring: keyring()).tag(scope: [1, 2], body: [3]) != tag)
    }

    @Test("takes a cursor as it was given out, for the list that gave it out (security A19)")
    func cursors() {
        let ring = keyring()
        let mac = CursorMAC(keyring: ring)
        let position = Array("usr\u{0}42".utf8)
        let cursor = mac.cursor(at: position, in: [1])
        #expect(mac.position(of: cursor, in: [1]) == position)
        #expect(mac.position(of: cursor, in: [2]) == nil)
        #expect(CursorMAC(keyring: keyring()).position(of: cursor, in: [1]) == nil)
        let later = CursorMAC(keyring: ring.rotated(at: .zero, random: random))
        #expect(later.position(of: cursor, in: [1]) == position)
        #expect(mac.position(of: mac.cursor(at: [], in: []), in: []) == [])
        let longest = [UInt8](repeating: 7, count: CursorMAC.positionByteCountMax)
        #expect(mac.position(of: mac.cursor(at: longest, in: []), in: []) == longest)
    }

    @Test("refuses a cursor with any character changed, cut or added (security A19)")
    func forgedCursors() {
        let mac = CursorMAC(keyring: keyring())
        let cursor = Array(mac.cursor(at: [1, 2, 3], in: [1]).utf8)
        let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_=+".utf8
        for index in cursor.indices {
            for character in alphabet where character != cursor[index] {
                var forged = cursor
                forged[index] = character
                #expect(mac.position(of: String(decoding: forged, as: UTF8.self), in: [1]) == nil)
            }
            let cut = String(decoding: cursor[..<index], as: UTF8.self)
            #expect(mac.position(of: cut, in: [1]) == nil)
        }
        #expect(mac.position(of: String(decoding: cursor, as: UTF8.self) + "A", in: [1]) == nil)
        #expect(mac.position(of: String(repeating: "A", count: 5000), in: [1]) == nil)
    }
}
