import Glibc

/// libFuzzer's own loop (compiler-rt, FuzzerInterface of the LLVM project): a C function, whose
/// arguments are passed as Swift passes them.
@_silgen_name("LLVMFuzzerRunDriver")
private func runFuzzer(
    _ count: UnsafeMutablePointer<CInt>,
    _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>>,
    _ readOneInput: @convention(c) (UnsafePointer<UInt8>?, Int) -> CInt
) -> CInt

var count = CommandLine.argc
// The process' own arguments, which live as long as it does.
var arguments = unsafe CommandLine.unsafeArgv
exit(unsafe runFuzzer(&count, &arguments) { unsafe readOneInput($0, $1) })
