import APITypes
import Foundation
import Manifest
import WatchwordClient

/// Asks the cluster for what a plan is compared with.
struct PresentReader {
    let client: WatchwordClient
    /// Whether what is read is of another tenant than the caller's.
    let actsElsewhere: Bool

    // Far above what a cluster holds of users whom a file lists.
    private static let most = 10_000_000

    /// Reads all roles, the users and owners that the file names, and their keys; where others may
    /// be removed, all users and keys; and the settings, if the file has any.
    func read(_ manifest: Manifest, prunes: Bool) async throws -> PresentState {
        let roles = try await client.all("/v1/roles", limit: Self.most)
        // Nobody removes themselves; in another tenant it is somebody else who has the name.
        let caller =
            actsElsewhere
            ? nil : try await client.send("GET", "/v1/users/self").body["username"]?.text
        let names = manifest.userNames
        var users: [JSON] = []
        if prunes, manifest.users != nil || manifest.keys != nil {
            users = try await client.all("/v1/users", limit: Self.most)
        } else {
            for name in names {
                users += try await client.all("/v1/users?username=\(encoded(name))", limit: 1)
            }
        }
        let keys = try await keys(of: manifest, users, prunes: prunes)
        var settings: [JSON] = []
        if manifest.settings != nil {
            settings.append(try await client.send("GET", "/v1/settings").body)
        }
        do throws(UnintelligibleAnswer) {
            return try PresentState(
                roles: try values(roles), users: try values(users), keys: try values(keys),
                settings: try values(settings).first, caller: caller)
        } catch {
            throw ClientError(code: .unintelligible, detail: "\(error)")
        }
    }

    private func keys(
        of manifest: Manifest, _ users: [JSON], prunes: Bool
    ) async throws -> [JSON] {
        guard let declared = manifest.keys else { return [] }
        guard !prunes else { return try await client.all("/v1/keys", limit: Self.most) }
        let owners = Set(declared.compactMap(\.ownerName))
        var keys: [JSON] = []
        for user in users where owners.contains(user["username"]?.text ?? "") {
            guard let id = user["id"]?.text else { continue }
            keys += try await client.all("/v1/keys?owner_id=\(encoded(id))", limit: Self.most)
        }
        return keys
    }

    private func values(_ objects: [JSON]) throws(UnintelligibleAnswer) -> [JSONValue] {
        var values: [JSONValue] = []
        for object in objects {
            do { values.append(try JSONValue(object)) } catch {
                throw UnintelligibleAnswer(field: "JSON")
            }
        }
        return values
    }
}

extension JSON {
    /// The same value, as the client writes it.
    init(_ value: JSONValue) throws { try self.init(parsing: Data(value.bytes)) }
}

extension JSONValue {
    private static let limits = JSONLimits(depthMax: 64, nodesMax: 100_000, stringBytesMax: 1 << 20)

    /// The same value, as the server's types have it.
    init(_ value: JSON) throws {
        try self.init(parsing: Array(try value.serialized()), limits: Self.limits)
    }
}
