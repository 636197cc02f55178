import Foundation
import HTTPAPI
import NIOCore
import NIOPosix
import PeerTransport
import Testing

@testable import Server

@Suite("Listeners", .timeLimit(.minutes(5))) struct HTTPListenerTests {
    private let request = "GET /health/live HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
    private let loopback = HTTPListener.Place.address(PeerAddress(host: "127.0.0.1", port: 0))

    /// Runs `body` with a listener that is closed behind it.
    private func withListener(
        _ place: HTTPListener.Place, certificate: TestCertificate? = nil,
        _ body: (HTTPListener, Int) throws -> Void
    ) throws {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let listener = try HTTPListener(
            place,
            certificate: certificate.map {
                HTTPListener.Certificate(
                    certificateFile: $0.certificateFile, keyFile: $0.keyFile)
            }, services: TestDoor.services())
        let port = try listener.start(on: group)
        try body(listener, port)
        try listener.close()
        try group.syncShutdownGracefully()
    }

    @Test("plain HTTP over loopback is answered and closed politely")
    func plain() throws {
        try withListener(loopback) { _, port in
            let address = try SocketAddress(ipAddress: "127.0.0.1", port: port)
            let answer = try TestClient.ask(address, request)
            #expect(answer.hasPrefix("HTTP/1.1 200 OK\r\n"))
            #expect(answer.hasSuffix("{\"status\":\"ok\"}"))
            let many = String(repeating: TestDoor.immediate, count: 500) + request
            #expect(
                try TestClient.ask(address, many).split(separator: "HTTP/1.1 200").count == 501)
        }
    }

    @Test("a renewed certificate is shown after a reload, and a broken one is not taken")
    func reload() throws {
        let certificate = try TestCertificate()
        let old = certificate.folder.appendingPathComponent("old.crt").path
        try FileManager.default.copyItem(atPath: certificate.certificateFile, toPath: old)
        try withListener(loopback, certificate: certificate) { listener, port in
            let address = try SocketAddress(ipAddress: "127.0.0.1", port: port)
            func isShown(_ file: String) -> Bool {
                do {
                    return try TestClient.ask(address, request, trusting: file)
                        .hasPrefix("HTTP/1.1 200")
                } catch {
                    return false
                }
            }
            #expect(isShown(old))
            try certificate.renew()
            #expect(isShown(old))
            try listener.reload()
            #expect(!isShown(old))
            #expect(isShown(certificate.certificateFile))
            let good = certificate.folder.appendingPathComponent("good.crt").path
            try FileManager.default.copyItem(atPath: certificate.certificateFile, toPath: good)
            try "".write(toFile: certificate.certificateFile, atomically: true, encoding: .utf8)
            #expect(throws: (any Error).self) { try listener.reload() }
            #expect(isShown(good))
        }
    }

    @Test("a unix socket is served, and open to user and group alone")
    func socket() throws {
        let folder = try TestCertificate()
        let path = folder.folder.appendingPathComponent("s").path
        for _ in 0..<2 {
            try withListener(.socket(path: path)) { _, _ in
                let address = try SocketAddress(unixDomainSocketPath: path)
                #expect(try TestClient.ask(address, request).hasPrefix("HTTP/1.1 200"))
                let mode = try FileManager.default.attributesOfItem(atPath: path)[
                    .posixPermissions]
                #expect(mode as? Int == 0o660)
            }
        }
    }

    @Test("a socket is not made where others could put something else (D7)")
    func socketPlace() throws {
        let folder = try TestCertificate()
        #expect(throws: (any Error).self) {
            try SocketFile.check(folder.certificateFile)
        }
        try SocketFile.check(folder.folder.path + "/s")
        try FileManager.default.setAttributes(
            [.posixPermissions: 0o770], ofItemAtPath: folder.folder.path)
        #expect(throws: (any Error).self) { try SocketFile.check(folder.folder.path + "/s") }
    }
}
