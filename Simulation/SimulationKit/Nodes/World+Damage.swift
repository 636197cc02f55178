import RaftCore
import Replica
import StateStore
import WriteAheadLog

// Damage to what was synced, and how nodes find it while they run.

extension World {
    private static let scrubEvery: UInt64 = 50_000
    /// How much less often where there is nothing to find: what is found all the same is a defect,
    /// and shows at this pace too.
    private static let idleScrubFactor: UInt64 = 8
    private static let scrubSteps = 16

    /// Whether a minority of the voters is damaged with this node: what a quorum holds must be
    /// whole on one of it.
    func mayBeDamaged(_ index: Int) -> Bool {
        let node = nodes[index]
        // Both copies of a header at once are past what can be mended.
        guard node.isUsed, node.pendingDamage == nil, !node.hasLatentDamage else { return false }
        guard !options.isPastPromises else { return true }
        let damaged = nodes.indices.count { $0 != index && nodes[$0].isUnrepaired }
        let configuration = oracle.configuration
        return [configuration.voters, configuration.votersOutgoing].allSatisfy { voters in
            voters.isEmpty || 2 * (damaged + 1) < voters.count
        }
    }

    /// Damages a block of a node's log.
    func hurt(_ node: SimulatedNode, _ damage: Fault.Damage) {
        guard let place = node.disk.hurt(damage, &node.random) else { return }
        node.isDamaged = true
        node.hasLatentDamage = true
        node.damagedInRound = node.process?.log.status.scrubRounds ?? 0
        counters[.damages] += 1
        say(.disk, node.index, "\(damage.rawValue) on n\(node.index + 1) in \(place)")
    }

    /// A node has read its whole log, and knows what of it is lost.
    func found(_ node: SimulatedNode, _ recovered: RecoveredLog) {
        node.hasLatentDamage = false
        node.isRepairing = recovered.promised != .zero
        guard recovered.report.damage.count > 0 else { return }
        guard recovered.report.entriesLost > 0 else {
            counters[.logsMended] += 1
            return
        }
        counters[.repairs] += 1
        node.entriesLost += UInt64(recovered.report.entriesLost)
        say(
            .disk, node.index,
            "n\(node.index + 1) lost \(recovered.report.entriesLost) entries up to "
                + "\(recovered.promised)")
    }

    /// A node has all of its log again.
    func repaired(_ index: Int) {
        counters[.logsRepaired] += 1
        counters[.entriesRepaired] += nodes[index].entriesLost
        nodes[index].entriesLost = 0
        nodes[index].isRepairing = false
        say(.disk, index, "n\(index + 1) has repaired its log")
    }

    /// A process looks through a part of its log, when its disk has nothing else to do.
    func scrub(_ index: Int, _ epoch: UInt64) {
        guard let process = process(index, epoch) else { return }
        guard !process.isPaused, !process.isDiskBusy else {
            return schedule(.scrub(node: index, epoch: epoch), in: 5_000)
        }
        do {
            for _ in 0..<Self.scrubSteps {
                guard let place = try process.log.scrubStep() else { continue }
                say(.disk, index, "n\(index + 1) finds damage at \(place.offset)")
                give(.logDamaged, to: process, index)
                break
            }
        } catch {
            say(.disk, index, "n\(index + 1) cannot look through its log: \(error)")
            return end(index, .kill, restartAfter: someTime(index))
        }
        // What fell out of the log is of no harm, and not found any more.
        if process.log.status.scrubRounds > nodes[index].damagedInRound + 1 {
            nodes[index].hasLatentDamage = false
        }
        let factor = nodes[index].hasLatentDamage ? 1 : Self.idleScrubFactor
        schedule(.scrub(node: index, epoch: epoch), in: Self.scrubEvery * factor)
    }

    /// Writes a damaged log anew from memory.
    func rewrite(
        startingAfter start: EntryID, _ entries: [Entry], _ process: SimulatedNode.Process,
        _ index: Int
    ) throws {
        oracle.trimmed(index, upTo: start.index, durable: nodes[index].store.durableAppliedIndex)
        guard try process.log.rewrite(startingAfter: start, entries: entries) else { return }
        nodes[index].hasLatentDamage = false
        counters[.logsRewritten] += 1
        say(.disk, index, "n\(index + 1) has written its log anew behind \(start)")
    }
}

extension SimulatedNode {
    /// Whether less may be left of its log than it has promised.
    var isUnrepaired: Bool {
        pendingDamage != nil || hasLatentDamage || isCasualty || isRepairing
    }
}
