import AsyncHTTPClient
import Foundation
import NIOCore
import NIOFoundationCompat
import NIOHTTP1
import WatchwordClient

/// One answer, of whatever status.
struct Answer: Sendable {
    let status: Int
    let headers: HTTPHeaders
    let body: JSON

    var code: String { body["code"]?.text ?? "" }
}

/// Sends single requests to single nodes; retries are the caller's business.
final class HTTP: Sendable {
    let client: HTTPClient

    init() {
        var pool = HTTPClient.Configuration.ConnectionPool(
            idleTimeout: .seconds(30), concurrentHTTP1ConnectionsPerHostSoftLimit: 512)
        // Who dials a dead node hears so at once, as from a load balancer. By itself the client
        // would dial again later each time, and leave a node that is back alone for a minute.
        pool.retryConnectionEstablishment = false
        client = HTTPClient(
            eventLoopGroupProvider: .singleton,
            configuration: .init(
                redirectConfiguration: .disallow,
                timeout: .init(connect: .milliseconds(250)), connectionPool: pool))
    }

    func send(
        _ method: HTTPMethod, _ url: String, token: String? = nil, body: JSON? = nil,
        headers: [(String, String)] = [], milliseconds: Int64 = 5000
    ) async throws -> Answer {
        var request = HTTPClientRequest(url: url)
        request.method = method
        if let token { request.headers.add(name: "Authorization", value: "Bearer \(token)") }
        for (name, value) in headers { request.headers.add(name: name, value: value) }
        if let body {
            request.headers.add(name: "Content-Type", value: "application/json")
            request.body = .bytes(ByteBuffer(data: try body.serialized()))
        }
        let response = try await client.execute(request, timeout: .milliseconds(milliseconds))
        let data = Data(buffer: try await response.body.collect(upTo: 16 << 20))
        let isJSON = response.headers.first(name: "Content-Type")?.contains("json") ?? false
        return Answer(
            status: Int(response.status.code), headers: response.headers,
            body: isJSON && !data.isEmpty ? try JSON(parsing: data) : .null)
    }
}
