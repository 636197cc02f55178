import RaftCore
import StateStore

/// Draws the faults of a run, and keeps them within what the protocol promises to survive, so
/// that whatever goes wrong is a defect:
/// - any process may end at any moment, as often as it likes, and so may all at once;
/// - any link may do anything to messages but change them;
/// - of what was not synced a power cut keeps any part; a failed sync loses what it likes;
/// - clocks may be wrong in every way that leaves the steady one monotonic;
/// - rows of the state may rot, be lost, or be computed otherwise, on a minority that is always
///   the same;
/// - what *was* synced may be damaged on a minority of the voters at a time: the next node's turn
///   comes when one has mended its log (`World.mayBeDamaged`). The last groups of a log are spared:
///   a damaged end cannot be told from a torn one where the power took the watermark too.
struct FaultAtlas {
    private let options: SwarmOptions
    private var random: RandomSource
    /// The nodes whose states may be harmed.
    private let fragile: [Int]

    init(seed: UInt64, _ options: SwarmOptions) {
        self.options = options
        random = RandomSource(seed: seed ^ 0x4641_554C_5453_2121)
        var dice = RandomSource(seed: seed ^ 0x4652_4147_494C_4521)
        var order = Array(0..<options.nodes)
        for position in order.indices.dropFirst().reversed() {
            order.swapAt(position, Int(dice.next(below: UInt64(position + 1))))
        }
        fragile = Array(order.prefix((options.nodes - 1) / 2))
    }

    /// All faults of the run, in order of time.
    func faults() -> [PlannedFault] {
        var atlas = self
        var planned: [PlannedFault] = []
        for family in FaultFamily.allCases {
            let interval = options[family]
            guard interval > 0 else { continue }
            var at = 1_000 + atlas.random.next(below: interval * 2 + 1)
            while at < options.seconds * 1_000_000 {
                for (delay, fault) in atlas.draw(family) {
                    planned.append(PlannedFault(at: at + delay, fault: fault))
                }
                at += 1_000 + atlas.random.next(below: interval * 2 + 1)
            }
        }
        // Stable, so that equal times keep the order of the families.
        return PlannedFault.inOrder(planned)
    }

    private mutating func number(upTo maximum: UInt64) -> UInt64 {
        random.next(below: maximum + 1)
    }

    private mutating func node() -> Int { Int(number(upTo: UInt64(options.machines - 1))) }

    /// Half of the faults look for the leader: most of what is rare begins there.
    private mutating func target() -> Fault.Target {
        let node = node()
        return random.chance(1, in: 2) ? .leader(or: node) : .node(node)
    }

    private mutating func restart() -> UInt64 { 1_000 + number(upTo: options.restartMax) }

    private mutating func draw(_ family: FaultFamily) -> [(after: UInt64, fault: Fault)] {
        switch family {
        case .kill, .powerLoss, .totalCrash, .pause, .stop, .transfer, .restartLoop, .suspend:
            drawProcess(family)
        case .partition, .flap, .reset, .slowLink: drawNetwork(family)
        case .wallStep, .drift, .freeze: [(0, drawClock(family))]
        case .slowDisk, .fullDisk, .failSync, .damage: drawDisk(family)
        case .members: [(0, .members(drawMembers()))]
        case .release: drawRelease()
        case .state: drawState()
        }
    }

    private mutating func drawState() -> [(after: UInt64, fault: Fault)] {
        let place = random.next() >> 32
        // What is on its way is harmed anywhere: it is only sent again.
        if random.chance(1, in: 4) { return [(0, .hurtSnapshot(.node(node()), place: place))] }
        guard !fragile.isEmpty else { return [] }
        let node = fragile[Int(number(upTo: UInt64(fragile.count - 1)))]
        let kinds = RowDamage.allCases
        let kind = kinds[Int(number(upTo: UInt64(kinds.count - 1)))]
        return [(0, .hurtState(.node(node), kind, place: place))]
    }

    private mutating func drawMembers() -> Fault.MemberChange {
        let target = target()
        switch number(upTo: 9) {
        case 0...2: return .add
        case 3...5: return .promote(all: random.chance(2, in: 3))
        case 6: return .demote(target)
        case 7, 8: return .remove(target)
        default: return .replace(target)
        }
    }

    /// Mostly upgrades. The level is raised too early as often as not, and after a downgrade that
    /// the cluster does not know of yet.
    private mutating func drawRelease() -> [(after: UInt64, fault: Fault)] {
        let target = target()
        switch number(upTo: 9) {
        case 0...4: return [(0, .release(target, isNewer: true, restartAfter: restart()))]
        case 5, 6:
            return [
                (0, .release(target, isNewer: false, restartAfter: restart())),
                (1_000 + number(upTo: 100_000), .raise(.leader(or: node()))),
            ]
        default: return [(0, .raise(target))]
        }
    }

    private mutating func drawProcess(
        _ family: FaultFamily
    ) -> [(after: UInt64, fault: Fault)] {
        let target = target()
        switch family {
        case .kill:
            return [
                (0, .kill(target, restartAfter: restart(), inWrite: random.chance(1, in: 2)))
            ]
        case .powerLoss:
            return [
                (0, .powerLoss(target, restartAfter: restart(), inWrite: random.chance(1, in: 2)))
            ]
        case .totalCrash:
            return [
                (0, .crashAll(isPowerLoss: random.chance(1, in: 2), restartAfter: restart()))
            ]
        case .pause: return [(0, .pause(target, lasting: 1_000 + number(upTo: options.pauseMax)))]
        case .suspend:
            return [(0, .suspend(target, lasting: 1_000 + number(upTo: options.pauseMax)))]
        case .stop: return [(0, .stop(target, restartAfter: restart()))]
        case .transfer:
            let to = number(upTo: UInt64(options.machines))
            return [(0, .transfer(target, to: to == 0 ? nil : Int(to) - 1))]
        default:
            // One node that cannot make up its mind.
            let node = node()
            var at: UInt64 = 0
            return (0..<(3 + number(upTo: 5))).map { _ in
                at += 20_000 + number(upTo: 400_000)
                return (
                    at,
                    .kill(
                        .node(node), restartAfter: 1_000 + number(upTo: 50_000),
                        inWrite: random.chance(1, in: 2))
                )
            }
        }
    }

    private mutating func drawNetwork(
        _ family: FaultFamily
    ) -> [(after: UInt64, fault: Fault)] {
        guard options.machines > 1 else { return [] }
        switch family {
        case .partition:
            return [(0, .cut(shape(), lasting: 10_000 + number(upTo: options.partitionMax)))]
        case .flap:
            let shape: Fault.CutShape =
                random.chance(1, in: 4) ? .isolate(target()) : .between(target(), .node(node()))
            return [
                (
                    0,
                    .flap(
                        shape, times: 2 + Int(number(upTo: 8)),
                        down: 5_000 + number(upTo: 300_000), up: 5_000 + number(upTo: 300_000))
                )
            ]
        case .slowLink where options.isAnsweredLate:
            // Within what a leader bears to hear nothing.
            let late = Fault.slowLink(
                .deafen(.leader(or: node())), extra: 120_000 + number(upTo: 100_000),
                lasting: 1_000_000 + number(upTo: 1_000_000))
            return [
                (0, late),
                (300_000 + number(upTo: 400_000), .transfer(.leader(or: node()), to: nil)),
            ]
        case .slowLink:
            return [
                (
                    0,
                    .slowLink(
                        shape(), extra: 1_000 + number(upTo: 100_000),
                        lasting: 10_000 + number(upTo: options.partitionMax))
                )
            ]
        default: return [(0, .reset(target(), peer: .node(node())))]
        }
    }

    private mutating func shape() -> Fault.CutShape {
        switch number(upTo: 9) {
        case 0: return .isolate(target())
        case 1: return .deafen(target())
        case 2: return .mute(target())
        default:
            let shapes = PartitionShape.allCases
            let shape = shapes[Int(number(upTo: UInt64(shapes.count - 1)))]
            return .links(shape.links(nodes: options.machines, &random))
        }
    }

    private mutating func drawClock(_ family: FaultFamily) -> Fault {
        let target = target()
        switch family {
        case .wallStep:
            // Within half of what request records are kept for.
            let steps: [Int64] = [
                -21_600_000, -60_000, -1_000, 0, 1_000, 60_000, 21_600_000,
            ]
            return .wallStep(target, milliseconds: steps[Int(number(upTo: 6))])
        case .drift:
            let drift = options.drift(number(upTo: options.driftMax * 2))
            return .drift(target, partsPerMillion: drift)
        default:
            return .freeze(target, lasting: 1_000 + number(upTo: options.pauseMax))
        }
    }

    private mutating func drawDisk(_ family: FaultFamily) -> [(after: UInt64, fault: Fault)] {
        switch family {
        case .slowDisk where options.isOvertaken:
            let leader = Fault.Target.leader(or: node())
            let election = options.raft.electionTimeoutMilliseconds * 1_000
            return [
                (
                    0,
                    .slowDisk(
                        leader, extra: 20_000 + number(upTo: election * 4),
                        lasting: election * 6 + number(upTo: election * 6))
                ),
                (
                    10_000 + number(upTo: 100_000),
                    .cut(.isolate(leader), lasting: election * 2 + number(upTo: election * 3))
                ),
            ]
        case .slowDisk:
            return [
                (
                    0,
                    .slowDisk(
                        target(), extra: 20_000 + number(upTo: 400_000),
                        lasting: 10_000 + number(upTo: 2_000_000))
                )
            ]
        case .fullDisk:
            return [(0, .fullDisk(target(), lasting: 10_000 + number(upTo: 5_000_000)))]
        case .failSync: return [(0, .failSync(target()))]
        default:
            var target = target()
            // Mostly where the log has what the state has not.
            if options.slowAppliers > 0, random.chance(2, in: 3) {
                target = .node(Int(number(upTo: UInt64(options.slowAppliers - 1))))
            }
            let kinds = Fault.Damage.allCases
            let kind = kinds[Int(number(upTo: UInt64(kinds.count - 1)))]
            guard !random.chance(1, in: 3) else { return [(0, .decay(target, kind))] }
            let losesPower = random.chance(1, in: 2)
            return [
                (0, .damage(target, kind, losesPower: losesPower, restartAfter: restart()))
            ]
        }
    }
}

/// Families of faults, each with its own rate.
enum FaultFamily: CaseIterable {
    case kill, powerLoss, totalCrash, pause, stop, transfer, restartLoop
    case partition, flap, reset, slowLink, wallStep, drift, freeze
    case slowDisk, fullDisk, failSync, damage, members, release, suspend, state
}

/// How a network comes apart.
enum PartitionShape: CaseIterable {
    /// Two groups that do not hear each other.
    case split
    /// One group hears the other, and is not heard.
    case oneWay
    /// Two groups, and one node that hears both (openraft #2080).
    case bridge
    /// Everybody hears the neighbours only.
    case ring
    /// One pair.
    case link

    /// Draws the links that are cut among so many nodes.
    func links(nodes: Int, _ random: inout RandomSource) -> [Fault.Link] {
        var order = Array(0..<nodes)
        for position in order.indices.dropFirst().reversed() {
            order.swapAt(position, Int(random.next(below: UInt64(position + 1))))
        }
        let middle = 1 + Int(random.next(below: UInt64(max(1, nodes - 1))))
        switch self {
        case .split: return Self.separate(order[..<middle], order[middle...], bothWays: true)
        case .oneWay: return Self.separate(order[..<middle], order[middle...], bothWays: false)
        case .bridge:
            let half = 1 + (nodes - 1) / 2
            return Self.separate(order[1..<half], order[half...], bothWays: true)
        case .ring:
            var links: [Fault.Link] = []
            for a in 0..<nodes {
                for b in 0..<nodes where a != b {
                    let distance = (b - a + nodes) % nodes
                    if distance != 1 && distance != nodes - 1 {
                        links.append(Fault.Link(from: order[a], to: order[b]))
                    }
                }
            }
            return links
        case .link:
            guard nodes > 1 else { return [] }
            return Self.separate(
                order[..<1], order[1..<2], bothWays: random.chance(1, in: 2))
        }
    }

    /// The links between two groups.
    static func separate(
        _ some: some Sequence<Int>, _ others: some Sequence<Int>, bothWays: Bool
    ) -> [Fault.Link] {
        let others = Array(others)
        var links: [Fault.Link] = []
        for a in some {
            for b in others where a != b {
                links.append(Fault.Link(from: a, to: b))
                if bothWays { links.append(Fault.Link(from: b, to: a)) }
            }
        }
        return links
    }
}
