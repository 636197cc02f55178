import RaftCore
import Replica
import StateStore

/// A snapshot on its way, beside the messages.
struct SnapshotTransfer {
    let from: Int
    let to: Int
    let fromEpoch: UInt64
    let toEpoch: UInt64
    let source: any SnapshotSource
    var sink: (any SnapshotSink)?
    /// The same on real files.
    var copy: DiskTwin.Copy?
    var offset: UInt64 = 0
    var stalls = 0
    var isOver = false
}

extension World {
    private static let chunkBytes = 8_192

    /// A copy is asked for in a turn and made on another thread.
    func sendSnapshot(from: Int, to: Int, _ process: SimulatedNode.Process) {
        guard process.sendingTo.insert(to).inserted else { return }
        schedule(
            .export(from: from, to: to, epoch: process.epoch),
            in: 1 + nodes[from].random.upTo(options.turnDelayMax))
    }

    func export(from: Int, to: Int, _ epoch: UInt64) {
        guard let process = process(from, epoch) else { return }
        guard !process.isPaused else {
            return schedule(.export(from: from, to: to, epoch: epoch), in: 1_000)
        }
        do {
            // The copy of a state that was computed otherwise is as wrong as the state, and with it
            // a quorum would be: nobody but a person can tell then (docs/limits.md). Here one does.
            if nodes[from].hurt?.kind == .written {
                abandonState(nodes[from], process)
                throw StateStoreError(.damaged, "by order of the world")
            }
            let source = try nodes[from].store.exportSnapshot()
            transfers.append(
                SnapshotTransfer(
                    from: from, to: to, fromEpoch: process.epoch,
                    toEpoch: nodes[to].process?.epoch ?? 0, source: source, sink: nil))
            twin(nodes[from]) { transfers[transfers.count - 1].copy = try $0.export() }
            say(
                .snapshot, from,
                "n\(from + 1) sends a snapshot up to \(source.manifest.last) to n\(to + 1)")
            schedule(.chunk(transfer: transfers.count - 1), in: 1_000 + latency(from, to))
        } catch {
            guard nodes[from].hurt != nil || nodes[from].store.damage != nil else {
                return oracle.fail("L5", "n\(from + 1) cannot export: \(error)")
            }
            counters[.snapshotsFailed] += 1
            process.sendingTo.remove(to)
            let none = SnapshotMetadata(last: .zero, configuration: ConfState(voters: []))
            give(
                .snapshotSent(to: nodes[to].id, none, succeeded: false), to: process, from)
        }
    }

    /// The next piece arrives, or the stream has come to its end.
    func chunk(_ number: Int) {
        guard !transfers[number].isOver else { return }
        let transfer = transfers[number]
        guard process(transfer.from, transfer.fromEpoch) != nil,
            let receiver = process(transfer.to, transfer.toEpoch)
        else { return finish(number, succeeded: false) }
        let isStuck =
            !network.isConnectable(transfer.from, transfer.to) || receiver.isPaused
            || nodes[transfer.from].process?.isPaused == true
        if isStuck {
            transfers[number].stalls += 1
            guard transfers[number].stalls < 20 else { return finish(number, succeeded: false) }
            return schedule(.chunk(transfer: number), in: 50_000)
        }
        do {
            try advance(number, receiver)
        } catch {
            // Stale: the receiver has come further by itself, and says how far. Or given up for
            // another.
            if let error = error as? StateStoreError, error.code == .stale {
                give(
                    .snapshotReceived(
                        transfer.source.manifest.metadata, from: nodes[transfer.from].id),
                    to: receiver, transfer.to)
            }
            finish(number, succeeded: false)
        }
    }

    private func advance(_ number: Int, _ receiver: SimulatedNode.Process) throws {
        let transfer = transfers[number]
        let manifest = transfer.source.manifest
        let sink = try transfer.sink ?? nodes[transfer.to].store.receiveSnapshot(manifest)
        if transfer.sink == nil { give(.receivingSnapshot(true), to: receiver, transfer.to) }
        transfers[number].sink = sink
        let offset = sink.receivedBytes
        let bytes = try transfer.source.read(offset: offset, count: Self.chunkBytes)
        if !bytes.isEmpty { try sink.write(offset: offset, bytes) }
        flipReceived(transfer.to, isWhole: false)
        guard sink.receivedBytes == manifest.sizeBytes else {
            return schedule(.chunk(transfer: number), in: latency(transfer.from, transfer.to))
        }
        try sink.finish()
        if !receiver.received.contains(manifest) { receiver.received.append(manifest) }
        if let copy = transfer.copy { nodes[transfer.to].twin?.receive(copy) }
        give(
            .snapshotReceived(manifest.metadata, from: nodes[transfer.from].id), to: receiver,
            transfer.to)
        finish(number, succeeded: true)
    }

    private func finish(_ number: Int, succeeded: Bool) {
        let transfer = transfers[number]
        transfers[number].isOver = true
        transfer.source.close()
        counters[succeeded ? .snapshotsSent : .snapshotsFailed] += 1
        note(10, transfer.from, succeeded ? 1 : 0)
        if let sender = process(transfer.from, transfer.fromEpoch) {
            sender.sendingTo.remove(transfer.to)
            give(
                .snapshotSent(
                    to: nodes[transfer.to].id, transfer.source.manifest.metadata,
                    succeeded: succeeded), to: sender, transfer.from)
        }
        if transfer.sink != nil, let receiver = process(transfer.to, transfer.toEpoch) {
            give(.receivingSnapshot(false), to: receiver, transfer.to)
        }
        // The list is emptied when nothing of it is under way any more.
        if transfers.allSatisfy(\.isOver) { transfers.removeAll() }
    }
}
