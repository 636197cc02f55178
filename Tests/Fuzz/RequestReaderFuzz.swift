import HTTPAPI

/// Gives one input of libFuzzer to the reader of requests, which must not trap, must read the
/// same however the bytes arrive, and must give nothing that two readers could take for different
/// things.
///
/// The first two bytes say how the others arrive and how much may be read of each part.
func readOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    // libFuzzer lends `count` bytes for this call, which are copied.
    let input = unsafe Array(UnsafeBufferPointer(start: start, count: count))
    guard input.count > 2 else { return 0 }
    let bytes = Array(input.dropFirst(2))
    let limits = input[0] & 0x80 == 0 ? RequestReader.Limits() : .small
    let bodyLimit = Int(input[1]) * 4
    let whole = read(bytes, step: bytes.count, limits, bodyLimit)
    let parts = read(bytes, step: 1 + Int(input[0] & 0x0F), limits, bodyLimit)
    require(whole == parts, "read in parts it is something else: \(whole) and \(parts)")
    for event in whole { check(event, bodyLimit) }
    checkOrder(whole)
    return 0
}

extension RequestReader.Limits {
    /// So small that inputs of a fuzzer reach them.
    fileprivate static var small: Self {
        var limits = Self()
        limits.requestLineBytesMax = 48
        limits.fieldBytesMax = 40
        limits.headerBytesMax = 120
        limits.fieldCountMax = 5
        return limits
    }
}

private func read(
    _ bytes: [UInt8], step: Int, _ limits: RequestReader.Limits, _ bodyLimit: Int
) -> [RequestReader.Event] {
    var reader = RequestReader(limits: limits)
    var events: [RequestReader.Event] = []
    var position = 0
    while true {
        while let event = reader.next() {
            if case .body(let part) = event, case .body(let before)? = events.last {
                events[events.count - 1] = .body(before + part)
            } else {
                events.append(event)
            }
            if case .head = event { reader.expectBody(atMost: bodyLimit) }
            if case .failure = event {
                require(reader.next() == event, "a failure is not the last word")
                return events
            }
        }
        require(reader.bufferedBytes <= position, "more is held than was fed")
        guard position < bytes.count else { return events }
        let end = min(bytes.count, position + step)
        reader.feed(bytes[position..<end])
        position = end
    }
}

private func check(_ event: RequestReader.Event, _ bodyLimit: Int) {
    switch event {
    case .head(let head): check(head)
    case .body(let body):
        require(!body.isEmpty && body.count <= bodyLimit, "a body of \(body.count)")
    case .end, .failure: break
    }
}

private func check(_ head: HTTPRequestHead) {
    require(!head.method.isEmpty && head.method.utf8.allSatisfy(isVisible), "method")
    require(head.path == "*" || head.path.utf8.first == UInt8(ascii: "/"), "path \(head.path)")
    require(head.path.utf8.allSatisfy(isVisible), "path \(head.path)")
    require(head.query?.utf8.allSatisfy(isVisible) ?? true, "query")
    require(head.minorVersion <= 1, "version")
    for field in head.headers.fields {
        require(!field.name.isEmpty, "a field without a name")
        require(field.name.utf8.allSatisfy(isVisible), "name \(field.name)")
        require(field.name == field.name.lowercased(), "name \(field.name)")
        require(
            !field.value.utf8.contains { $0 < 0x20 && $0 != 0x09 || $0 == 0x7F },
            "value of \(field.name)")
        require(head.headers.all(field.name).contains(field.value), "\(field.name) is not found")
    }
    let lengths = head.headers.all("content-length")
    let codings = head.headers.all("transfer-encoding")
    switch head.framing {
    case .none: require(lengths.isEmpty && codings.isEmpty, "framing that was not seen")
    case .length(let length):
        require(codings.isEmpty && lengths.count == 1, "two framings")
        require(length >= 0 && Int(lengths[0]) == length, "length \(length)")
    case .chunked:
        require(lengths.isEmpty && codings.count == 1 && head.minorVersion == 1, "two framings")
    }
    let hosts = head.headers.count("host")
    require(hosts == 1 || hosts == 0 && head.minorVersion == 0, "\(hosts) hosts")
}

/// A head, then a body perhaps, then the end; a failure ends everything.
private func checkOrder(_ events: [RequestReader.Event]) {
    var isInside = false
    for (place, event) in events.enumerated() {
        switch event {
        case .head:
            require(!isInside, "a head within a request")
            isInside = true
        case .body: require(isInside, "a body without a head")
        case .end:
            require(isInside, "an end without a head")
            isInside = false
        case .failure: require(place == events.count - 1, "something behind a failure")
        }
    }
}

private func isVisible(_ byte: UInt8) -> Bool { byte > 0x20 && byte < 0x7F }

private func require(_ condition: Bool, _ what: @autoclosure () -> String) {
    guard condition else { fatalError(what()) }
}
