import APITypes
import Testing

@Suite("JSON is read strictly and within bounds (RFC 8259)")
struct JSONTests {
    private func kind(_ text: String) -> JSONError.Kind? { kind(Array(text.utf8)) }

    private func kind(_ bytes: [UInt8]) -> JSONError.Kind? {
        do throws(JSONError) {
            _ = try JSONValue(parsing: bytes)
            return nil
        } catch {
            return error.kind
        }
    }

    @Test("reads every kind of value and writes it back as it was")
    func roundTrip() throws {
        let text =
            #"{"a":[1,-2,0,true,false,null,"x\"\\\n"],"b":{"c":{}},"d":[],"e":1.5e10,"f":"é😀"}"#
        let value = try JSONValue(parsing: Array(text.utf8))
        #expect(String(decoding: value.bytes, as: UTF8.self) == text)
        #expect(value["a"]?.array?.count == 7)
        #expect(value["e"] == .decimal("1.5e10"))
        #expect(value["f"] == .string("é😀"))
    }

    @Test("reads escapes and surrogate pairs (RFC 8259 §7)")
    func escapes() throws {
        let value = try JSONValue(parsing: Array(#""\u00e9\ud83d\ude00\/\b\f\r\t""#.utf8))
        #expect(value == .string("é😀/\u{8}\u{c}\r\t"))
    }

    @Test(
        "refuses what the grammar does not have",
        arguments: [
            ("", JSONError.Kind.unexpectedEnd), (" ", .unexpectedEnd), ("[1", .unexpectedEnd),
            ("{\"a\":1", .unexpectedEnd), ("\"abc", .unexpectedEnd), ("tru", .unexpectedEnd),
            ("01", .badNumber), ("-", .unexpectedEnd), ("-x", .badNumber), ("1.", .unexpectedEnd),
            ("1.e3", .badNumber), ("+1", .unexpectedByte), (".5", .unexpectedByte),
            ("1e", .unexpectedEnd), ("NaN", .unexpectedByte), ("Infinity", .unexpectedByte),
            ("1e999999999", .numberTooLarge), ("1e-309", .numberTooLarge),
            ("[1,]", .unexpectedByte),
            ("{\"a\":1,}", .unexpectedByte), ("{a:1}", .unexpectedByte),
            ("{'a':1}", .unexpectedByte),
            ("{\"a\" 1}", .unexpectedByte), ("[1 2]", .unexpectedByte), ("[1}", .unexpectedByte),
            ("1 2", .trailing), ("{} x", .trailing), ("\"\\x\"", .badEscape),
            ("\"\\u12g4\"", .badEscape), ("\"\\ud800\"", .loneSurrogate),
            ("\"\\udc00\"", .loneSurrogate), ("\"\\ud800\\u0041\"", .loneSurrogate),
            ("\"\\ud800x\"", .loneSurrogate), ("\"a\nb\"", .controlCharacter),
            ("{\"a\":1,\"a\":2}", .duplicateName), ("{\"a\":1,\"\\u0061\":2}", .duplicateName),
            ("// x\n1", .unexpectedByte), ("\u{FEFF}1", .unexpectedByte),
        ])
    func refuses(_ text: String, _ expected: JSONError.Kind) {
        #expect(kind(text) == expected, "\(text)")
    }

    @Test("refuses bytes that are not UTF-8, also within strings")
    func utf8() {
        #expect(kind([0x22, 0xC3, 0x28, 0x22]) == .badUTF8)
        #expect(kind([0x22, 0xED, 0xA0, 0x80, 0x22]) == .badUTF8)
        #expect(kind([0x22, 0xC0, 0x80, 0x22]) == .badUTF8)
        #expect(kind([0xFF]) == .unexpectedByte)
    }

    @Test("stops at depth 16, 1,000 values, and long strings and numbers")
    func bounds() throws {
        let deep = { (n: Int) in
            String(repeating: "[", count: n) + String(repeating: "]", count: n)
        }
        #expect(kind(deep(16)) == nil)
        #expect(kind(deep(17)) == .tooDeep)
        #expect(kind(String(repeating: "[", count: 100_000)) == .tooDeep)
        let wide = { (n: Int) in "[" + Array(repeating: "1", count: n).joined(separator: ",") + "]"
        }
        #expect(kind(wide(999)) == nil)
        #expect(kind(wide(1_000)) == .tooManyNodes)
        let objects = "{" + (0..<2_000).map { "\"k\($0)\":1" }.joined(separator: ",") + "}"
        #expect(kind(objects) == .tooManyNodes)
        #expect(kind("\"" + String(repeating: "x", count: 96 << 10) + "\"") == nil)
        #expect(kind("\"" + String(repeating: "x", count: 96 << 10 + 1) + "\"") == .stringTooLong)
        #expect(kind(String(repeating: "9", count: 65)) == .numberTooLarge)
        #expect(try JSONValue(parsing: Array("9223372036854775808".utf8)).integer == nil)
    }

    @Test("an error never holds anything of the text (security J2)")
    func noEcho() {
        let error = JSONError(.unexpectedByte, at: 7)
        #expect(error.description == "a byte that has no place here, at byte 7")
    }

    @Test("every cut and every flipped byte of a text is refused or read, and never traps")
    func mutations() {
        let text = Array(#"{"a":[1,2.5e3,"x\u00e9\ud83d\ude00"],"b":{"c":null}}"#.utf8)
        for cut in 0..<text.count { #expect(kind(Array(text[..<cut])) != nil) }
        for index in text.indices {
            for byte in UInt8.min...UInt8.max {
                var mutated = text
                mutated[index] = byte
                _ = kind(mutated)
            }
        }
    }

    @Test("an object's reader names missing and wrong fields, and refuses unknown ones")
    func objectReader() throws {
        let value = try JSONValue(parsing: Array(#"{"a":"x","n":3,"z":null,"l":["q"],"u":1}"#.utf8))
        var reader = try JSONObjectReader(value)
        #expect(try reader.requiredString("a") == "x")
        #expect(try reader.unsigned("n") == 3)
        #expect(try reader.string("z") == nil)
        #expect(try reader.strings("l") == ["q"])
        #expect(throws: JSONObjectReader.Fault.missing(field: "m")) {
            try reader.requiredString("m")
        }
        #expect(throws: JSONObjectReader.Fault.unknown) { try reader.finish() }
        var other = try JSONObjectReader(value)
        #expect(throws: JSONObjectReader.Fault.self) { try other.bool("a") }
        #expect(throws: JSONObjectReader.Fault.notAnObject) { try JSONObjectReader(.null) }
    }
}
