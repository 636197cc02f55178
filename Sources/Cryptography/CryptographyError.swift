/// Why a cryptographic operation gave no result.
public struct CryptographyError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What went wrong, from an open set.
    public struct Code: RawRepresentable, Hashable, Sendable {
        /// The name of the code, stable across releases.
        public let rawValue: String

        /// Any name, for codes of later releases.
        public init(rawValue: String) { self.rawValue = rawValue }

        /// The tag does not belong to this key, nonce, ciphertext and associated data.
        public static let authenticationFailed = Code(rawValue: "authentication_failed")
        /// A length or parameter that the algorithm does not have.
        public static let invalidInput = Code(rawValue: "invalid_input")
        /// The library refused: no memory, or a missing provider.
        public static let libraryFailure = Code(rawValue: "library_failure")
    }

    /// What went wrong.
    public let code: Code
    /// The operation that failed.
    public let operation: String
    /// The library's own error numbers, oldest first; empty when it gave none.
    public let libraryCodes: [UInt]

    init(_ code: Code, operation: String, libraryCodes: [UInt] = []) {
        self.code = code
        self.operation = operation
        self.libraryCodes = libraryCodes
    }

    /// The code, the operation and the library's numbers in hexadecimal.
    public var description: String {
        let numbers = libraryCodes.map { "0x" + String($0, radix: 16) }.joined(separator: ", ")
        return "\(operation): \(code.rawValue)" + (numbers.isEmpty ? "" : " (OpenSSL \(numbers))")
    }
}
