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

    /// Fields that many answers share, spelt once.
    final class Block: Sendable {
        let list: FieldList
        /// What the values take together.
        let valueBytes: Int

        private init(_ list: FieldList) {
            self.list = list
            valueBytes = list.places.reduce(0) { $0 + $1.value.count }
        }

        convenience init(_ fields: [(HeaderName, String)]) {
            var list = FieldList()
            for (name, value) in fields { list.add(name, value) }
            self.init(list)
        }

        /// Spells what `value` says for each name, in no more room than that takes: there is a
        /// block for each user that is remembered.
        convenience init(_ names: [HeaderName], value: (_ index: Int) -> String) {
            var list = FieldList()
            list.reserve(
                fields: names.count,
                bytes: names.indices.reduce(0) {
                    $0 + names[$1].opening.count + value($1).utf8.count + 2
                })
            for index in names.indices { list.add(names[index], value(index)) }
            self.init(list)
        }
    }

    /// What stands in front of `own`.
    private var block: Block?
    /// The fields behind those of the block.
    private(set) var own = FieldList()

    public init() {}

    /// Begins with what many answers share.
    init(_ block: Block) { self.block = block }

    public init(dictionaryLiteral pairs: (String, String)...) {
        for (name, value) in pairs { add(name, value) }
    }

    /// Every field, in order.
    public var fields: [Field] { (block?.list.fields ?? []) + own.fields }

    public static func == (a: HTTPHeaders, b: HTTPHeaders) -> Bool { a.fields == b.fields }

    // MARK: Adding

    /// Appends a field, also when one of this name is there.
    public mutating func add(_ name: String, _ value: String) { own.add(HeaderName(name), value) }

    /// Appends a field, also when one of this name is there.
    mutating func add(_ name: HeaderName, _ value: String) { own.add(name, value) }

    /// Appends a field whose value is a number, also when one of this name is there.
    mutating func add(_ name: HeaderName, _ value: UInt64) { own.add(name, value) }

    /// Appends fields that many answers share.
    mutating func add(_ block: Block) { own.add(block.list) }

    /// Appends a field of a request: `line` begins with the name, which is in lower case
    /// afterwards.
    mutating func add(
        received line: Span<UInt8>, name: Range<Int>, value: Range<Int>, hash: UInt32
    ) {
        own.add(received: line, name: name, value: value, hash: hash)
    }

    /// Makes room for more fields.
    mutating func reserve(fields: Int, bytes: Int) { own.reserve(fields: fields, bytes: bytes) }

    /// Makes this the only field of its name.
    public mutating func set(_ name: String, _ value: String) {
        let name = HeaderName(name)
        remove(name)
        own.add(name, value)
    }

    /// Removes every field of this name.
    public mutating func remove(_ name: String) { remove(HeaderName(name)) }

    private mutating func remove(_ name: HeaderName) {
        if let shared = block, shared.list.first(name) != nil {
            var all = shared.list
            all.add(own)
            own = all
            block = nil
        }
        own.remove(name)
    }

    // MARK: Finding

    /// The values of every field of this name.
    public func all(_ name: String) -> [String] { all(HeaderName(name)) }

    /// The values of every field of this name.
    func all(_ name: HeaderName) -> [String] {
        var values: [String] = []
        block?.list.each(name) { values.append($1.text($0)) }
        own.each(name) { values.append($1.text($0)) }
        return values
    }

    /// Gives the value of every field of this name to `body`, as bytes that are good until it
    /// returns.
    func visit(_ name: HeaderName, _ body: (Span<UInt8>) -> Void) {
        block?.list.each(name) { body($1.bytes.span.extracting($0.value)) }
        own.each(name) { body($1.bytes.span.extracting($0.value)) }
    }

    /// The value of the first field of this name.
    public subscript(_ name: String) -> String? { self[HeaderName(name)] }

    /// The value of the first field of this name.
    subscript(_ name: HeaderName) -> String? {
        if let list = block?.list, let place = list.first(name) { return list.text(place) }
        return own.first(name).map { own.text($0) }
    }

    /// Whether there is a field of this name.
    func has(_ name: HeaderName) -> Bool {
        block?.list.first(name) != nil || own.first(name) != nil
    }

    /// How many fields have this name.
    public func count(_ name: String) -> Int { count(HeaderName(name)) }

    /// How many fields have this name.
    func count(_ name: HeaderName) -> Int {
        var count = 0
        block?.list.each(name) { _, _ in count += 1 }
        own.each(name) { _, _ in count += 1 }
        return count
    }

    /// The comma-separated elements of every field of this name, without the space around them.
    public func list(_ name: String) -> [Substring] { list(HeaderName(name)) }

    /// The comma-separated elements of every field of this name, without the space around them.
    func list(_ name: HeaderName) -> [Substring] {
        all(name).flatMap { value in
            value.split(separator: ",").map(\.trimmed).filter { !$0.isEmpty }
        }
    }

    // MARK: Writing

    /// How many bytes the fields take, if all are plain.
    var byteCount: Int { (block?.list.bytes.count ?? 0) + own.bytes.count }

    /// Appends the fields as an answer has them: no line can be broken out of one.
    func write(to output: inout [UInt8]) {
        block?.list.write(to: &output)
        own.write(to: &output)
    }

    // MARK: Names

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
