internal import APITypes

/// The header fields of a message, in the order of the message.
public struct HTTPHeaders: Equatable, Sendable, ExpressibleByDictionaryLiteral {
    /// One field. A request's names are in lower case.
    public struct Field: Equatable, Sendable {
        public var name: String
        public var value: String
        public init(_ name: String, _ value: String) {
            self.name = name
            self.value = value
        }
    }

    /// Fields that many answers share, and their bytes, which are spelt once.
    final class Block: Sendable {
        let fields: [Field]
        let bytes: [UInt8]
        /// What the values take together.
        let valueBytes: Int

        init(_ fields: [Field]) {
            self.fields = fields
            var bytes: [UInt8] = []
            for field in fields { HTTPResponse.write(field, to: &bytes) }
            self.bytes = bytes
            valueBytes = fields.reduce(0) { $0 + $1.value.utf8.count }
        }
    }

    /// What stands in front of `own`.
    private(set) var block: Block?
    /// The fields behind those of the block.
    private(set) var own: [Field] = []

    public init() {}

    /// Begins with what many answers share.
    init(_ block: Block) { self.block = block }

    public init(dictionaryLiteral pairs: (String, String)...) {
        own = pairs.map { Field($0.0, $0.1) }
    }

    /// Every field, in order.
    public var fields: [Field] { block.map { $0.fields + own } ?? own }

    public static func == (a: HTTPHeaders, b: HTTPHeaders) -> Bool { a.fields == b.fields }

    /// Appends a field, also when one of this name is there.
    public mutating func add(_ name: String, _ value: String) { own.append(Field(name, value)) }

    /// Makes room for more fields.
    mutating func reserve(_ count: Int) { own.reserveCapacity(own.count + count) }

    /// Makes this the only field of its name.
    public mutating func set(_ name: String, _ value: String) {
        remove(name)
        add(name, value)
    }

    /// Removes every field of this name.
    public mutating func remove(_ name: String) {
        if let shared = block, shared.fields.contains(where: { Self.same($0.name, name) }) {
            own = shared.fields + own
            block = nil
        }
        own.removeAll { Self.same($0.name, name) }
    }

    /// The values of every field of this name.
    public func all(_ name: String) -> [String] {
        var values: [String] = []
        visit(name) { values.append($0) }
        return values
    }

    /// The value of the first field of this name.
    public subscript(_ name: String) -> String? {
        block?.fields.first { Self.same($0.name, name) }?.value
            ?? own.first { Self.same($0.name, name) }?.value
    }

    /// How many fields have this name.
    public func count(_ name: String) -> Int {
        var count = 0
        visit(name) { _ in count += 1 }
        return count
    }

    private func visit(_ name: String, _ body: (String) -> Void) {
        if let block {
            for field in block.fields where Self.same(field.name, name) { body(field.value) }
        }
        for field in own where Self.same(field.name, name) { body(field.value) }
    }

    /// The comma-separated elements of every field of this name, without the space around them.
    public func list(_ name: String) -> [Substring] {
        all(name).flatMap { value in
            value.split(separator: ",").map(\.trimmed).filter { !$0.isEmpty }
        }
    }

    /// Whether two names are the same without regard to ASCII case (RFC 9110 §5.1).
    public static func same(_ a: String, _ b: String) -> Bool {
        let (left, right) = (a.utf8, b.utf8)
        guard left.count == right.count else { return false }
        // Mostly they are spelt alike, or differ in their first byte.
        return a == b || zip(left, right).allSatisfy { lower($0) == lower($1) }
    }

    /// A byte with an ASCII capital turned small.
    static func lower(_ byte: UInt8) -> UInt8 {
        (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) ? byte | 0x20 : byte
    }
}

extension StringProtocol {
    /// Without the spaces and tabs at either end.
    var trimmed: Substring {
        var rest = Substring(self)
        while let first = rest.utf8.first, first == 0x20 || first == 0x09 { rest.removeFirst() }
        while let last = rest.utf8.last, last == 0x20 || last == 0x09 { rest.removeLast() }
        return rest
    }

    /// With ASCII capitals turned small.
    var asciiLowercased: String {
        String(decoding: utf8.map(HTTPHeaders.lower), as: UTF8.self)
    }
}
