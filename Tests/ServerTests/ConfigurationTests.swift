import AuthCore
import AuthService
import Cryptography
import Foundation
import PeerTransport
import RaftCore
import Testing

@testable import Server

@Suite("Configuration") struct ConfigurationTests {
    static let file = """
        node:
          id: n1
          data_dir: data
        cluster:
          id: 0123456789abcdef0123456789abcdef
          ca: ca.crt
          certificate: node.crt
          key: node.key
          members:
            - id: n1
              peer: "127.0.0.1:8201"
              url: "http://127.0.0.1:8101"
            - id: n2
              peer: "127.0.0.1:8202"
              url: "http://127.0.0.1:8102"
        peer:
          listen: "127.0.0.1:8201"
        http:
          listen: "127.0.0.1:8101"
        keys:
          root_key_file: root.key
        """

    private func load(
        _ text: String = file, settings: [String] = [], environment: [String: String] = [:]
    ) throws -> NodeConfiguration {
        var sources = ConfigurationSources()
        sources.add(yaml: text)
        sources.add(environment: environment)
        for setting in settings { sources.add(setting: setting) }
        return try NodeConfiguration(sources, folder: "/etc/watchword")
    }

    private func problems(
        _ text: String = file, settings: [String] = [], environment: [String: String] = [:]
    ) -> [String] {
        do {
            _ = try load(text, settings: settings, environment: environment)
            return []
        } catch let error as ConfigurationError {
            return error.problems
        } catch {
            return ["\(error)"]
        }
    }

    @Test("what `watchword init` writes is understood, with defaults for the rest")
    func defaults() throws {
        let configuration = try load()
        #expect(configuration.node.description == "n1")
        #expect(configuration.dataDirectory == "/etc/watchword/data")
        #expect(configuration.credentials.authorityFile == "/etc/watchword/ca.crt")
        #expect(configuration.members.map(\.peer.port) == [8_201, 8_202])
        #expect(configuration.sessionIdleSeconds == 1_800)
        #expect(configuration.httpCertificate == nil && configuration.httpSocket == nil)
        #expect(!configuration.isWide && configuration.logsJSON)
    }

    @Test("the environment stands above the file, and settings above the environment")
    func precedence() throws {
        let environment = ["WATCHWORD_SESSIONS_IDLE_SECONDS": "600", "PATH": "/bin"]
        #expect(try load(environment: environment).sessionIdleSeconds == 600)
        let settings = ["sessions.idle_seconds=300"]
        #expect(
            try load(settings: settings, environment: environment).sessionIdleSeconds == 300)
    }

    @Test(
        "an unknown key is refused wherever it stands, and the nearest known one is named",
        arguments: [
            (
                "sessions.idle_second=1",
                "unknown key sessions.idle_second; "
                    + "did you mean sessions.idle_seconds?"
            ),
            ("http.lisen=1", "unknown key http.lisen; did you mean http.listen?"),
            ("quite.another=1", "unknown key quite.another"),
        ])
    func unknownSetting(setting: String, problem: String) {
        #expect(problems(settings: [setting]) == [problem])
    }

    @Test("unknown keys in the file and the environment are refused")
    func unknownElsewhere() {
        #expect(
            problems(Self.file + "\nlog:\n  levle: debug\n")
                == ["unknown key log.levle; did you mean log.level?"])
        #expect(problems(Self.file + "\nlogs: 1\n").count == 1)
        #expect(problems(environment: ["WATCHWORD_NODE_NAME": "x"]).count == 1)
    }

    @Test("keys with which a cluster begins come from the environment, and only as digests")
    func bootstrapKeys() throws {
        let digest = String(repeating: "0a", count: 32)
        let configuration = try load(environment: [
            "WATCHWORD_KEY": "sha256:\(digest)",
            "WATCHWORD_KEY_CI_RUNNER": "a-key-of-another-system invoke  secrets:read:ci/*",
        ])
        let keys = configuration.bootstrapKeys
        #expect(keys.map(\.name) == ["bootstrap", "ci-runner"])
        #expect(keys.map(\.stoodInClear) == [false, true])
        #expect(keys[0].digest.bytes.elementsEqual(repeatElement(0x0A, count: 32)))
        #expect(keys[0].permissions == [.everything])
        #expect(
            keys[1].digest.bytes.elementsEqual(
                SHA256.hash(Array("a-key-of-another-system".utf8)).bytes))
        #expect(keys[1].permissions.map(\.string) == ["invoke", "secrets:read:ci/*"])
    }

    @Test(
        "what is no key is refused by the name of its variable, and nothing of it is told",
        arguments: [
            ("WATCHWORD_KEY", "secret-words"), ("WATCHWORD_KEY", ""),
            ("WATCHWORD_KEY", "sha256:secret"),
            ("WATCHWORD_KEY", "a-secret-key-that-is-good invoke"),
            ("WATCHWORD_KEY_CI", "a-secret-key-that-is-good"),
            ("WATCHWORD_KEY_CI", "a-secret-key-that-is-good in voke:se:cr:et"),
            ("WATCHWORD_KEY_", "a-secret-key-that-is-good invoke"),
            ("WATCHWORD_KEY_CI", "wws_secret-secret-secret-secret invoke"),
            ("WATCHWORD_KEY_CI", "eyJsecret.secret.secret-secret invoke"),
        ])
    func badBootstrapKeys(variable: String, value: String) {
        let found = problems(environment: [variable: value])
        #expect(found.count == 1 && found.first?.hasPrefix("\(variable): ") == true, "\(found)")
        #expect(!found.contains { $0.contains("secret") || $0.contains("voke:") })
    }

    @Test("nobody is let in without a credential unless this is a place for development")
    func development() throws {
        let none = "authentication.none_as=dev"
        #expect(problems(settings: [none]).count == 1)
        #expect(problems(settings: [none, "node.mode=production"]).count == 1)
        #expect(problems(settings: ["node.mode=test"]).count == 1)
        #expect(
            problems(settings: ["node.mode=development", "authentication.none_as=a b"]).count == 1)
        let development = try load(settings: ["node.mode=development", none])
        #expect(development.nobodyIs?.string == "dev")
        #expect(try load(settings: ["node.mode=development"]).nobodyIs == nil)
    }

    @Test("two variables do not hold the same key, and there are not too many")
    func tooManyBootstrapKeys() {
        let same = ["WATCHWORD_KEY_A", "WATCHWORD_KEY_B"].map { ($0, "the-same-key-twice invoke") }
        #expect(problems(environment: Dictionary(uniqueKeysWithValues: same)).count == 1)
        let many = (0...64).map { ("WATCHWORD_KEY_\($0)", "a-key-of-a-number-\($0) invoke") }
        #expect(problems(environment: Dictionary(uniqueKeysWithValues: many)).count == 1)
    }

    @Test("everything that is wrong is told at once")
    func everything() {
        let found = problems(
            Self.file.replacingOccurrences(of: "  id: n1\n  data_dir", with: "  data_dir"),
            settings: [
                "sessions.idle_seconds=1", "log.level=loud", "peer.listen=nowhere",
                "http.listen=0.0.0.0:80", "raft.profile", "cluster.members=n1",
            ])
        for part in [
            "node.id is missing", "sessions.idle_seconds: 1 is no whole number in 60 to",
            "log.level: loud is none of", "peer.listen: nowhere is not of the form host:port",
            "http.listen: 0.0.0.0:80 is no loopback address", "--set raft.profile: not of the form",
            "cluster.members can only be said in the file",
        ] {
            #expect(found.contains { $0.contains(part) }, "\(part) in \(found)")
        }
    }

    @Test("an issuer of access tokens is a URL and nothing behind it; without one there are none")
    func issuer() throws {
        #expect(try load().accessTokens == nil)
        let said = ["tokens.issuer=https://auth.example.com:8443", "tokens.algorithm=ES256"]
        let tokens = try #require(try load(settings: said).accessTokens)
        #expect(tokens.issuer == "https://auth.example.com:8443")
        #expect(tokens.audience == tokens.issuer && tokens.algorithm == .es256)
        #expect(tokens.seconds == 300 && tokens.rotationSeconds == 90 * 86_400)
        let other = try load(settings: said + ["tokens.audience=api", "tokens.access_seconds=60"])
        #expect(other.accessTokens?.audience == "api" && other.accessTokens?.seconds == 60)
        #expect(try load(settings: ["tokens.issuer=http://127.0.0.1:8080"]).accessTokens != nil)
        for issuer in [
            "auth.example.com", "http://auth.example.com", "https://", "https://a/b", "https://a/",
            "https://a?b", "https://a#b", "https://u@a", "ftp://a",
        ] {
            #expect(problems(settings: ["tokens.issuer=\(issuer)"]).count == 1, "\(issuer)")
        }
        #expect(problems(settings: ["tokens.audience=api"]).count == 1)
        #expect(problems(settings: ["tokens.access_seconds=3601"]).count == 1)
        #expect(problems(settings: said + ["tokens.algorithm=HS256"]).count == 1)
    }

    @Test("plain HTTP is taken on loopback addresses only")
    func plainHTTP() {
        let tls = ["http.certificate=c", "http.key=k"]
        for address in ["127.0.0.1:1", "[::1]:1", "localhost:1", "127.9.9.9:1"] {
            #expect(problems(settings: ["http.listen=\(address)"]) == [])
        }
        for address in [
            "0.0.0.0:1", "10.0.0.1:1", "[::]:1", "example.com:1", "127.evil.com:1",
            "127.0.0.1.example.com:1",
        ] {
            #expect(problems(settings: ["http.listen=\(address)"]).count == 1, "\(address)")
            #expect(problems(settings: ["http.listen=\(address)"] + tls) == [])
        }
        #expect(problems(settings: [tls[0]]).count == 1)
    }

    @Test("every key is read somewhere, has a bounded meaning, and a default within its bounds")
    func table() throws {
        #expect(Set(ConfigurationKey.all.map(\.path)).count == ConfigurationKey.all.count)
        #expect(Set(ConfigurationKey.all.map(\.variable)).count == ConfigurationKey.all.count)
        for key in ConfigurationKey.all {
            #expect(key.meaning.hasSuffix("."), "\(key.path)")
            #expect(!(key.isRequired && key.fallback != nil), "\(key.path)")
            if case .number(let range) = key.kind, let fallback = key.fallback {
                #expect(Int(fallback).map(range.contains) == true, "\(key.path)")
            }
            // A value of the wrong form is noticed: the key is read and checked.
            if case .number = key.kind {
                #expect(!problems(settings: ["\(key.path)=x"]).isEmpty, "\(key.path)")
            }
        }
    }

    @Test("no secret can be said by environment or command line, only a file that holds it")
    func noSecretValues() {
        for key in ConfigurationKey.all {
            let last = key.path.split(separator: ".").last ?? ""
            for word in ["password", "secret", "key", "token"] where last.contains(word) {
                // A length, and how often a key may ask.
                guard !last.hasSuffix("_min"), !key.path.hasPrefix("limits.") else { continue }
                if case .path = key.kind { continue }
                Issue.record("\(key.path) holds a secret")
            }
        }
    }

    @Test("a node that joins says so, and every other begins with its members")
    func joins() throws {
        #expect(try !load().joins)
        #expect(try load(settings: ["cluster.joins=yes"]).joins)
        #expect(problems(settings: ["cluster.joins=perhaps"]).count == 1)
    }

    @Test("docs/configuration.md is made from the table")
    func document() throws {
        let page = URL(fileURLWithPath: #filePath)
            .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("docs/configuration.md")
        if ProcessInfo.processInfo.environment["REWRITE"] != nil {
            try ConfigurationDocument.text.write(to: page, atomically: true, encoding: .utf8)
        }
        #expect(
            try String(contentsOf: page, encoding: .utf8) == ConfigurationDocument.text,
            "run the tests with REWRITE=1, and look at the difference")
    }
}
