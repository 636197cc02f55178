import APITypes
import Foundation
import WatchwordClient

/// Reads an Apache htpasswd file: `name:hash` in each line.
func parseHtpasswd(_ text: String) -> ImportFile {
    var file = ImportFile()
    for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated()
    {
        let content = line.hasSuffix("\r") ? line.dropLast() : line
        guard !content.isEmpty, content.first != "#" else { continue }
        let parts = content.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, !parts[0].isEmpty else {
            file.rejected.append(RejectedLine(line: index + 1, reason: "not of the form name:hash"))
            continue
        }
        switch PasswordHashKind(of: String(parts[1])) {
        case .unsupported(let kind):
            file.rejected.append(
                RejectedLine(
                    line: index + 1, reason: "\(parts[0]): \(kind) cannot be taken over"))
        case .supported:
            file.users.append(
                ImportedUser(
                    line: index + 1, username: String(parts[0]),
                    body: [
                        "username": .string(String(parts[0])),
                        "password_hash": .string(String(parts[1])),
                    ]))
        }
    }
    return file
}

/// Reads JSON Lines: one object per line with the fields of a new user, and `password_hash`.
func parseJSONLines(_ text: String) -> ImportFile {
    let known: Set<String> = [
        "username", "email", "display_name", "kind", "roles", "disabled", "metadata",
        "password_hash",
    ]
    var file = ImportFile()
    for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated()
    {
        guard line.contains(where: { !$0.isWhitespace }) else { continue }
        do {
            let json = try JSON(parsing: Data(line.utf8))
            guard case .object(let members) = json, let name = json["username"]?.text else {
                throw CommandFailure(.invalid, "no object with a username")
            }
            if let stranger = members.keys.sorted().first(where: { !known.contains($0) }) {
                throw CommandFailure(.invalid, "\(name): unknown field \(stranger)")
            }
            if let hash = json["password_hash"]?.text,
                case .unsupported(let kind) = PasswordHashKind(of: hash)
            {
                throw CommandFailure(.invalid, "\(name): \(kind) cannot be taken over")
            }
            file.users.append(ImportedUser(line: index + 1, username: name, body: json))
        } catch let failure as CommandFailure {
            file.rejected.append(RejectedLine(line: index + 1, reason: failure.description))
        } catch {
            file.rejected.append(RejectedLine(line: index + 1, reason: "not a JSON object"))
        }
    }
    return file
}
