import APITypes
import AuthCore
import AuthService
import ByteCodec
import Cryptography
import HTTPAPI
import RaftCore

// One-time codes: who has users enrol in them, who logs in at every node with a code that others
// show too, and what is made of the answers.

extension HTTPLayer {
    /// How many users enrol at most, and how many of them log in at a time: failures in a row hold
    /// a name back.
    private static let codersMax = 60
    private static let codersAtATime = 4
    /// How often the same code is shown before the next one is.
    private static let timesShown = 4

    private var readyCoders: [Int] {
        coders.indices.filter {
            coders[$0].isReady && coders[$0].shown < coders[$0].recoveryCodes.count
        }
    }

    // MARK: What they want

    func coderMakerWants(_ index: Int) -> HTTPOperation? {
        guard let session = ownSession(index) else { return .enter }
        if coders.last.map({ $0.next == nil }) ?? true {
            guard coders.count < Self.codersMax, readyCoders.count < 2 * Self.codersAtATime else {
                return nil
            }
            coders.append(
                Coder(
                    name: "coder\(coders.count)",
                    password: Account.password(900_000 + coders.count)))
        }
        let place = coders.count - 1
        guard var step = coders[place].next else { return nil }
        var operation = HTTPOperation(kind: .coder(place, step), session: nil, key: nil)
        switch step {
        case .make: return HTTPOperation(kind: .coder(place, step), session: session, key: nil)
        case .logIn, .enrol: return operation
        case .confirm:
            // By a clock that the node agrees with: the code before the present one, so that two
            // are left.
            guard let node = someNode(index) else { return nil }
            step = .confirm(TOTP.step(at: world.moment(node).time) - 1)
            operation = HTTPOperation(kind: .coder(place, step), session: nil, key: nil)
            operation.node = node
            return operation
        }
    }

    private func someNode(_ index: Int) -> Int? {
        let running = world.nodes.indices.filter {
            world.nodes[$0].isUsed && world.nodes[$0].process != nil
        }
        return running.isEmpty ? nil : running[draw(index, running.count)]
    }

    func coderUserWants(_ index: Int, _ node: Int) -> HTTPOperation? {
        let ready = readyCoders.prefix(Self.codersAtATime)
        guard world.nodes[node].isUsed, world.nodes[node].process != nil, !ready.isEmpty else {
            return nil
        }
        let coder = ready[draw(index, ready.count)]
        let kind: HTTPOperation.Kind
        switch draw(index, 12) {
        case 0: kind = .showNoCode(coder: coder)
        case 1, 2, 3: kind = .showCode(timedCode(index, of: coder, at: node))
        case 4 where coders[coder].shown > 0:
            // One that should be spent.
            let place = coders[coder].recoveryCodes.lowerBound + draw(index, coders[coder].shown)
            kind = .showCode(place)
        default:
            let place = coders[coder].recoveryCodes.lowerBound + coders[coder].shown
            coders[coder].times += 1
            if coders[coder].times >= Self.timesShown {
                coders[coder].times = 0
                coders[coder].shown += 1
            }
            kind = .showCode(place)
        }
        let isKeyed = clients[index].random.chance(1, in: 3)
        var operation = HTTPOperation(
            kind: kind, session: nil,
            key: isKeyed ? "code-\(index)-\(clients[index].operations)" : nil)
        operation.node = node
        return operation
    }

    /// The code of the present time, or of the next step.
    private func timedCode(_ index: Int, of coder: Int, at node: Int) -> Int {
        let step = TOTP.step(at: world.moment(node).time) + UInt64(draw(index, 2))
        let text = code(step, of: coder)
        if let known = codes.lastIndex(where: { $0.coder == coder && $0.text == text }) {
            return known
        }
        codes.append(KnownCode(coder: coder, text: text, recovery: nil))
        return codes.count - 1
    }

    private func code(_ step: UInt64, of coder: Int) -> String {
        let secret = SecretBytes(copying: coders[coder].secret)
        return String(decoding: TOTP.code(step: step, secret: secret), as: UTF8.self)
    }

    // MARK: Requests

    func codeDraft(_ operation: HTTPOperation) -> Draft {
        switch operation.kind {
        case .showCode(let place): return logInDraft(codes[place].coder, code: codes[place].text)
        case .showNoCode(let place), .coder(let place, .logIn): return logInDraft(place, code: nil)
        case .coder(let place, .make):
            return Draft(
                method: "POST", path: "/v1/users",
                body: .object([
                    "username": .string(coders[place].name),
                    "password": .string(coders[place].password),
                ]))
        case .coder(let place, .enrol):
            return ownDraft(
                place, "/v1/users/self/totp",
                .object(["password": .string(coders[place].password)]))
        case .coder(let place, .confirm(let step)):
            return ownDraft(
                place, "/v1/users/self/totp/confirm",
                .object(["code": .string(code(step, of: place))]))
        default: preconditionFailure("\(operation.kind.told) is not about codes")
        }
    }

    private func logInDraft(_ coder: Int, code: String?) -> Draft {
        var body = [
            JSONMember("username", .string(coders[coder].name)),
            JSONMember("password", .string(coders[coder].password)),
        ]
        if let code { body.append(JSONMember("code", .string(code))) }
        return Draft(method: "POST", path: "/v1/auth/login", body: .object(body))
    }

    private func ownDraft(_ coder: Int, _ path: String, _ body: JSONValue) -> Draft {
        var draft = Draft(method: "POST", path: path, body: body)
        draft.headers.append(("Authorization", "Bearer \(coders[coder].token)"))
        return draft
    }

    // MARK: Answers

    /// Whose codes a request is about.
    func coder(of flight: Flight) -> Coder? {
        switch flight.intent.kind {
        case .coder(let place, _), .showNoCode(let place): coders[place]
        case .showCode(let place): coders[codes[place].coder]
        default: nil
        }
    }

    func judgeCode(_ flight: Flight, _ answer: Answer, _ arrived: UInt64) {
        guard let coder = coder(of: flight), let user = coder.id, coder.isReady else { return }
        switch flight.intent.kind {
        case .showNoCode:
            guard answer.isSuccess, arrived > coder.readySince else { return }
            world.oracle.fail("code", "\(coder.name) logs in without a code")
        case .showCode(let place):
            if answer.isSuccess { return grant(place, answer) }
            let isRefused = answer.code == ErrorCode.invalidCredentials.rawValue
            if isRefused { world.counters[.codesRefused] += 1 }
            if answer.code == ErrorCode.codeRequired.rawValue {
                return world.oracle.fail("code", "\(coder.name) shows a code, and is asked for it")
            }
            guard isRefused, arrived > coder.readySince, let recovery = codes[place].recovery,
                judge.codeUse.isFresh(recoveryCode: recovery, of: user)
            else { return }
            world.oracle.fail(
                "code", "recovery code \(recovery) of \(coder.name) is refused, and is not spent")
        default: break
        }
    }

    /// A code was good: for one session, however often that one is shown again.
    private func grant(_ place: Int, _ answer: Answer) {
        guard let token = answer.json["session_token"]?.string,
            let number = judge.number(of: token)
        else { return world.oracle.fail("wire", "the answer to a log-in cannot be read") }
        world.counters[.codesGranted] += 1
        if let before = codes[place].granted, before != number {
            return world.oracle.fail(
                "code", "sessions \(before) and \(number) are begun by one code")
        }
        codes[place].granted = number
    }

    /// What somebody is told counts from the moment in which a node says it.
    func acknowledgeCode(_ flight: Flight, _ answer: Answer) {
        guard answer.isSuccess, let token = answer.json["session_token"]?.string,
            let number = judge.number(of: token)
        else { return }
        acknowledgeEvictions(by: number)
    }

    // MARK: What clients know then

    func learnCoder(_ place: Int, _ step: CoderStep, _ answer: Answer) {
        coders[place].failures = 0
        switch step {
        case .make:
            guard let shown = answer.json["id"]?.string, let id: UserID = ObjectText.read(shown)
            else { return world.oracle.fail("wire", "the answer to a new user cannot be read") }
            coders[place].shownID = shown
            coders[place].id = id
            coders[place].next = .logIn
        case .logIn:
            coders[place].token = answer.json["session_token"]?.string ?? ""
            coders[place].next = .enrol
        case .enrol:
            guard let text = answer.json["secret"]?.string,
                let secret = Base32.decode(Array(text.utf8))
            else { return world.oracle.fail("wire", "the answer to an enrolment cannot be read") }
            coders[place].secret = secret
            coders[place].next = .confirm(0)
        case .confirm(let step):
            guard let shown = answer.json["recovery_codes"]?.array else {
                return world.oracle.fail("wire", "the answer to a confirmation cannot be read")
            }
            let first = codes.count
            for (number, text) in shown.enumerated() {
                codes.append(
                    KnownCode(coder: place, text: text.string ?? "", recovery: number))
            }
            coders[place].recoveryCodes = first..<codes.count
            // Good once, and that was here.
            codes.append(
                KnownCode(coder: place, text: code(step, of: place), recovery: nil, granted: 0))
            coders[place].next = nil
            coders[place].readySince = world.now
            coders[place].isReady = true
        }
    }

    func learnCoderRefusal(
        _ place: Int, _ step: CoderStep, _ operation: HTTPOperation, _ answer: Answer
    ) {
        coders[place].failures += 1
        if step == .make || coders[place].failures > 6 {
            coders[place].next = nil
            return
        }
        let isDead =
            answer.code == ErrorCode.tokenInvalid.rawValue
            || answer.code == ErrorCode.tokenExpired.rawValue
        // By another clock, or another session, it may go better.
        if isDead {
            coders[place].next = .logIn
        } else if case .confirm = step {
            coders[place].next = .enrol
        }
    }

    /// Nobody knows whether it is there, or has codes that nobody has seen.
    func learnCoderDoubt(_ place: Int, _ step: CoderStep) {
        switch step {
        case .make, .confirm: coders[place].next = nil
        case .logIn, .enrol: break
        }
    }
}
