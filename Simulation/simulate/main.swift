import Foundation
import SimulationKit

Processor.keepMemory()
do {
    let arguments = try Arguments(Array(CommandLine.arguments.dropFirst()))
    exit(try Runner(arguments).run())
} catch let failure as Arguments.Failure {
    print(failure.message)
    print(Arguments.usage)
    exit(2)
} catch let error as DocumentError {
    print("the plan, \(error)")
    exit(2)
} catch {
    print("\(error)")
    exit(2)
}
