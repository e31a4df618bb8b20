import CCurl

/// libcurl, loaded when the first request is made and kept to the end.
///
/// It brings some thirty libraries with it (TLS, Kerberos, LDAP, ...). A program linked with it loads them all each time that it
/// starts, whether or not there is a network to ask.
///
/// Unchecked because the functions are found before anyone has the value, and may be called from any thread.
@safe struct CurlLibrary: @unchecked Sendable {
    /// Why it cannot be used, in the loader's words.
    struct LoadingError: Error, Hashable {
        var reason: String
    }

    /// By libcurl's names without `curl_`; those with variadic arguments by the shims that take this pointer. Valid for ever.
    let functions: UnsafePointer<curl_functions>

    /// As the system's loader knows it; the number is that of libcurl's binary interface since 2006.
    private static let name = "libcurl.so.4"
    private static let shared = Result { () throws(LoadingError) in try CurlLibrary(name) }

    /// The one library of the process.
    ///
    /// - Parameter url: what was to be asked, for the message.
    static func loaded(for url: String) throws(HTTPProblem) -> CurlLibrary {
        do throws(LoadingError) { return try shared.get() } catch {
            throw HTTPProblem(.libraryMissing, url: url, detail: error.reason)
        }
    }

    private init(_ name: String) throws(LoadingError) {
        let table = UnsafeMutablePointer<curl_functions>.allocate(capacity: 1)
        unsafe table.initialize(to: curl_functions())
        if let reason = unsafe curl_functions_load(table, name) {
            throw LoadingError(reason: unsafe String(cString: reason))
        }
        // libcurl wants this before anything else, once.
        guard unsafe table.pointee.global_init(Int(CURL_GLOBAL_SSL | CURL_GLOBAL_WIN32)) == CURLE_OK else {
            throw LoadingError(reason: "\(name): it does not start")
        }
        unsafe functions = UnsafePointer(table)
    }

    /// What libcurl says an error code means.
    func text(for code: CURLcode) -> String {
        guard let text = unsafe functions.pointee.easy_strerror(code) else { return "error \(code.rawValue)" }
        return unsafe String(cString: text)
    }
}
