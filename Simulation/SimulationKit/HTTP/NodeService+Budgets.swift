import AuthCore
import AuthService
import Budgets
import ByteCodec
import RaftCore
import Replica
import StateStore

extension NodeService: UsageMeter {
    /// How long a batch of usage is tried before it is told again, in milliseconds.
    private static let usageMilliseconds: UInt64 = 2_000

    func count(_ request: Metering) -> QuotaVerdict {
        guard world.options.mix.contains(.limits) else { return .passed(nil) }
        return usage.count(request)
    }

    /// Proposes a batch of usage, as the server's journal does.
    func tellUsage() {
        guard !process.isStopping, world.now < world.quietFrom, let batch = usage.batch()
        else { return }
        proposeAlone(
            Command(.addUsage(batch), header: CommandHeader(actor: .node)),
            milliseconds: Self.usageMilliseconds,
            .usage(node: node, epoch: process.epoch, sequence: batch.sequence))
    }

    /// A batch of usage is recorded, or nobody knows.
    func toldUsage(_ sequence: UInt64, _ completion: ProposalCompletion) {
        let isRecorded =
            if case .applied(_, let bytes) = completion {
                readable({ try Outcome(decoding: bytes).result }) == .done
            } else {
                false
            }
        guard isRecorded else {
            world.counters[.usageUncertain] += 1
            return usage.failed(sequence)
        }
        usage.recorded(sequence)
        world.counters[.usageRecorded] += 1
        world.http?.judgeUsage()
    }
}

extension NodeService: Limiter {
    func take(_ budgets: [Budget]) -> BudgetVerdict {
        guard knowsLimits else { return .passed(nil) }
        return till.take(budgets, now: steady.nanoseconds)
    }

    /// Tells the leader what was used of limits, once every node can read that.
    func claimBudgets() {
        guard world.options.mix.contains(.limits), world.now < world.quietFrom else { return }
        if !knowsLimits {
            let level = readable({ try store.read { $0.meta.featureLevel } }) ?? 0
            knowsLimits = level >= Limits.budgetFeatureLevel
        }
        guard knowsLimits, let claims = till.claims(now: steady.nanoseconds) else { return }
        world.give(.claimBudgets(claims), to: process, node)
    }

    /// The leader answers what this node has claimed.
    func budgetsAnswered(_ answer: BudgetGrants, members: Int) {
        hasHeardOfLimits = true
        till.answered(answer, members: members, now: steady.nanoseconds)
    }
}
