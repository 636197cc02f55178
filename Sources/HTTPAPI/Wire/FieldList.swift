internal import APITypes

/// Header fields as the bytes that stand for them: one buffer, and where in it each field lies.
///
/// So that a request's fields become strings only where somebody asks for one, and an answer's are
/// copied to the connection as they are.
struct FieldList: Sendable {
    /// Where a field lies.
    struct Place: Sendable {
        /// Of the name in lower case.
        let hash: UInt32
        /// Where the line begins, and with it the name.
        let begin: Int32
        /// Where the value begins, behind a colon and a space.
        let valueBegin: Int32
        /// Where the value ends, in front of CR LF.
        let valueEnd: Int32

        init(hash: UInt32, begin: Int, valueBegin: Int, valueEnd: Int) {
            self.hash = hash
            self.begin = Int32(begin)
            self.valueBegin = Int32(valueBegin)
            self.valueEnd = Int32(valueEnd)
        }

        var name: Range<Int> { Int(begin)..<(Int(valueBegin) - 2) }
        var value: Range<Int> { Int(valueBegin)..<Int(valueEnd) }
        var line: Range<Int> { Int(begin)..<(Int(valueEnd) + 2) }

        func moved(by distance: Int) -> Place {
            Place(
                hash: hash, begin: Int(begin) + distance, valueBegin: Int(valueBegin) + distance,
                valueEnd: Int(valueEnd) + distance)
        }
    }

    /// Each field as `name: value` and CR LF.
    private(set) var bytes: [UInt8] = []
    private(set) var places: [Place] = []
    /// Whether every field may stand on an answer as it is: a token, a colon, visible ASCII.
    private(set) var isPlain = true
    /// A bit for each hash that is there: most names that are asked for are not.
    private var hashes: UInt64 = 0

    /// Makes room for more fields.
    mutating func reserve(fields: Int, bytes count: Int) {
        places.reserveCapacity(places.count + fields)
        bytes.reserveCapacity(bytes.count + count)
    }

    /// Whether a field may have this name; false where none has.
    private func mayHave(_ hash: UInt32) -> Bool { hashes & Self.bit(hash) != 0 }

    private static func bit(_ hash: UInt32) -> UInt64 { 1 << UInt64(hash & 63) }

    // MARK: Adding

    /// Appends a field.
    mutating func add(_ name: HeaderName, _ value: String) { add(name, value.utf8.span) }

    /// Appends a field whose value is a number.
    mutating func add(_ name: HeaderName, _ value: UInt64) {
        // Twenty digits hold every number.
        var digits = InlineArray<20, UInt8>(repeating: 0)
        var begin = 20
        var rest = value
        repeat {
            begin -= 1
            digits[begin] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
            rest /= 10
        } while rest > 0
        add(name, digits.span.extracting(begin..<20))
    }

    private mutating func add(_ name: HeaderName, _ value: Span<UInt8>) {
        let begin = bytes.count
        let valueBegin = begin + name.opening.count
        let valueEnd = valueBegin + value.count
        bytes.append(addingCapacity: valueEnd + 2 - begin) { output in
            output.append(copying: name.opening.span)
            output.append(copying: value)
            output.append(0x0D)
            output.append(0x0A)
        }
        isPlain = isPlain && name.isWritten && Self.isPlain(value)
        note(Place(hash: name.hash, begin: begin, valueBegin: valueBegin, valueEnd: valueEnd))
    }

    /// Appends all fields of another list.
    mutating func add(_ other: FieldList) {
        let distance = bytes.count
        bytes.append(contentsOf: other.bytes)
        for place in other.places { note(place.moved(by: distance)) }
        isPlain = isPlain && other.isPlain
    }

    /// Appends a field of a request, which is never written to an answer.
    ///
    /// - Parameters:
    ///   - line: bytes that begin with the name.
    ///   - hash: of the name in lower case.
    mutating func add(
        received line: Span<UInt8>, name: Range<Int>, value: Range<Int>, hash: UInt32
    ) {
        let begin = bytes.count
        let valueBegin = begin + name.count + 2
        let valueEnd = valueBegin + value.count
        bytes.append(addingCapacity: valueEnd + 2 - begin) { output in
            for index in name { output.append(HTTPHeaders.lower(line[index])) }
            output.append(UInt8(ascii: ":"))
            output.append(UInt8(ascii: " "))
            output.append(copying: line.extracting(value))
            output.append(0x0D)
            output.append(0x0A)
        }
        isPlain = false
        note(Place(hash: hash, begin: begin, valueBegin: valueBegin, valueEnd: valueEnd))
    }

    private mutating func note(_ place: Place) {
        hashes |= Self.bit(place.hash)
        places.append(place)
    }

    /// Removes every field of this name.
    mutating func remove(_ name: HeaderName) {
        guard first(name) != nil else { return }
        var rest = FieldList()
        rest.reserve(fields: places.count, bytes: bytes.count)
        for place in places where !isNamed(place, name) {
            let distance = rest.bytes.count - Int(place.begin)
            rest.bytes.append(contentsOf: bytes[place.line])
            rest.note(place.moved(by: distance))
        }
        // What is not plain may be gone: then the slower way is taken in vain.
        rest.isPlain = isPlain
        self = rest
    }

    // MARK: Finding

    /// The first field of this name.
    func first(_ name: HeaderName) -> Place? {
        guard mayHave(name.hash) else { return nil }
        return places.first { isNamed($0, name) }
    }

    /// Gives every field of this name to `body`, in order.
    func each(_ name: HeaderName, _ body: (Place, FieldList) -> Void) {
        guard mayHave(name.hash) else { return }
        for place in places where isNamed(place, name) { body(place, self) }
    }

    private func isNamed(_ place: Place, _ name: HeaderName) -> Bool {
        guard place.hash == name.hash, place.name.count == name.opening.count - 2 else {
            return false
        }
        return place.name.indices.allSatisfy { index in
            HTTPHeaders.lower(bytes[index])
                == HTTPHeaders.lower(name.opening[index - Int(place.begin)])
        }
    }

    /// A field's value as text: UTF-8, or where it is not, each byte as the scalar of its number.
    func text(_ place: Place) -> String {
        let value = bytes[place.value]
        if let text = String(validating: value, as: UTF8.self) { return text }
        var text = String.UnicodeScalarView()
        text.append(contentsOf: value.map { Unicode.Scalar($0) })
        return String(text)
    }

    /// Every field with its name, in order.
    var fields: [HTTPHeaders.Field] {
        places.map { .init(String(decoding: bytes[$0.name], as: UTF8.self), text($0)) }
    }

    // MARK: Writing

    /// Appends the fields as an answer has them: no line can be broken out of one.
    ///
    /// Bytes that have no place in a name are left out, and in a value they are percent-encoded;
    /// the fields that frame the message are the serialiser's alone.
    func write(to output: inout [UInt8]) {
        guard !isPlain else { return output.append(contentsOf: bytes) }
        for place in places {
            let name = bytes[place.name].filter(CharacterClass.isToken)
            guard !name.isEmpty, !HeaderName.isFraming(String(decoding: name, as: UTF8.self))
            else { continue }
            output.append(contentsOf: name)
            output.append(UInt8(ascii: ":"))
            output.append(UInt8(ascii: " "))
            for byte in bytes[place.value] {
                if CharacterClass.isPlain(byte) {
                    output.append(byte)
                } else {
                    PercentEncoding.append(byte, to: &output)
                }
            }
            output.append(contentsOf: Self.lineEnd)
        }
    }

    static let lineEnd: [UInt8] = [0x0D, 0x0A]

    private static func isPlain(_ value: Span<UInt8>) -> Bool {
        // Without a way out of the loop, so that many bytes are looked at in one step.
        var others: UInt8 = 0
        for index in value.indices { others |= CharacterClass.isPlain(value[index]) ? 0 : 1 }
        return others == 0
    }
}

extension OutputSpan<UInt8> {
    /// Appends bytes that lie elsewhere.
    ///
    /// - Precondition: there is room for them.
    mutating func append(copying bytes: Span<UInt8>) {
        precondition(bytes.count <= freeCapacity, "\(bytes.count) bytes for \(freeCapacity)")
        // The room was checked; the two cannot overlap, since this one is written to exclusively.
        unsafe bytes.withUnsafeBufferPointer { source in
            unsafe withUnsafeMutableBufferPointer { buffer, count in
                _ = unsafe buffer[count...].update(fromContentsOf: source)
                count += source.count
            }
        }
    }
}
