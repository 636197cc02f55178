import Testing

@testable import AuthCore

@Suite struct AddressTests {
    @Test("An address has one spelling (RFC 5952), and IPv4 within IPv6 is IPv4")
    func spelling() {
        let spellings = [
            "::ffff:10.0.0.1": "10.0.0.1", "2001:DB8:0:0::1": "2001:db8::1", "::": "::",
            "1:0:0:2:0:0:0:3": "1:0:0:2::3", "192.0.2.255": "192.0.2.255", "::1": "::1",
        ]
        for (text, canonical) in spellings {
            #expect(IPAddress(text)?.description == canonical)
        }
        for bad in ["", "1", "1.2.3", "1.2.3.256", "01.2.3.4", "::1%eth0", ":::", "1::2::3", "a"] {
            #expect(IPAddress(bad) == nil, "\(bad)")
        }
    }

    @Test("A range holds the addresses that share its first bits, and no other family's")
    func ranges() {
        #expect(range("10.1.2.3/8") == range("10.0.0.0/8"))
        #expect("\(range("10.1.2.3/8"))" == "10.0.0.0/8")
        #expect("\(range("10.1.2.3"))" == "10.1.2.3")
        #expect(range("0.0.0.0/0").contains(IPAddress("255.255.255.255")!))
        #expect(!range("0.0.0.0/0").contains(IPAddress("::1")!))
        #expect(range("10.128.0.0/9").contains(IPAddress("10.200.0.1")!))
        #expect(!range("10.128.0.0/9").contains(IPAddress("10.127.0.1")!))
        #expect(range("10.0.0.0/8").contains(range("10.1.0.0/16")))
        #expect(!range("10.1.0.0/16").contains(range("10.0.0.0/8")))
        for bad in ["10.0.0.0/33", "10.0.0.0/", "10.0.0.0/+8", "::/129", "host/8", "10.0.0.0/8/8"] {
            #expect(AddressRange(bad) == nil, "\(bad)")
        }
    }

    @Test("A prefix of keys is of one form, and what begins with ww is kept for this server")
    func prefixes() {
        for good in ["wwk", "ab", "acme-prod-2", "a123456789012345"] {
            #expect(KeyPrefix(good)?.string == good)
        }
        for bad in ["", "a", "ww", "wws", "wwkk", "Abc", "1ab", "a_b", "a12345678901234567", "-a"] {
            #expect(KeyPrefix(bad) == nil, "\(bad)")
        }
    }
}
