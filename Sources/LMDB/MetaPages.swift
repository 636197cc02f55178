internal import Glibc

/// The two pages at the beginning of a data file, each of which names the roots of a commit; the
/// library takes the one with the higher number.
public enum MetaPages {
    /// Takes a file that nobody has open back to the commit of this page, durably: both pages name
    /// its roots, under its number and the one before.
    ///
    /// A crash in the middle is mended by another call.
    ///
    /// - Parameter metaPage: of a commit whose pages are all in the file and durable.
    /// - Throws: `invalid`, when it is no page of a commit; the system's code.
    public static func restore(
        file: String, to metaPage: [UInt8]
    ) throws(LMDBError) {
        guard metaPage.count == PageFile.pageBytes, let meta = MetaPage(metaPage), meta.commit > 0
        else { throw LMDBError(.invalid, operation: "restore", path: file) }
        var pages: [UInt8] = []
        for slot: UInt64 in [0, 1] {
            let number = meta.commit & 1 == slot ? meta.commit : meta.commit - 1
            pages += MetaPage.renumbered(metaPage, page: slot, commit: number)
        }
        try SystemCalls.check(
            SystemCalls.overwrite(file: file, with: pages), "pwrite", path: file)
    }

    /// The page of the newest commit in a file that nobody writes.
    ///
    /// - Throws: `invalid`, when there is none; the system's code.
    public static func newest(file: String) throws(LMDBError) -> [UInt8] {
        var newest: (commit: UInt64, page: [UInt8])?
        do {
            let pages = try PageFile(path: file)
            for slot: UInt64 in [0, 1] {
                let page = try pages.read(slot)
                guard let commit = MetaPage(page)?.commit else { continue }
                if commit >= newest?.commit ?? 0 { newest = (commit, page) }
            }
        } catch {
            throw LMDBError(.init(rawValue: EIO), operation: "read: \(error)", path: file)
        }
        guard let newest else { throw LMDBError(.invalid, operation: "meta page", path: file) }
        return newest.page
    }
}

extension MetaPage {
    /// The same page in another place, under another commit's number.
    fileprivate static func renumbered(
        _ bytes: [UInt8], page: UInt64, commit: UInt64
    ) -> [UInt8] {
        var bytes = bytes
        for index in 0..<8 {
            bytes[index] = UInt8(truncatingIfNeeded: page >> (8 * index))
            bytes[144 + index] = UInt8(truncatingIfNeeded: commit >> (8 * index))
        }
        return bytes
    }
}
