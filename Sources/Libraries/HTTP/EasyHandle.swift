import CCurl
import Problems

/// One libcurl easy handle, with everything set that is the same for all requests. Used again and again.
///
/// Belongs to the client's thread. While it transfers, libcurl holds an unretained pointer to the `Transfer`, which the
/// loop keeps alive.
@safe final class EasyHandle {
    let pointer: UnsafeMutableRawPointer
    private let library: CurlLibrary
    private let curl: UnsafePointer<curl_functions>
    private let errorText: UnsafeMutablePointer<CChar>
    private var fields: UnsafeMutablePointer<curl_slist>?

    init(library: CurlLibrary, options: HTTPOptions) throws(HTTPProblem) {
        self.library = library
        unsafe curl = library.functions
        guard let pointer = unsafe curl.pointee.easy_init() else {
            throw HTTPProblem(.transport(code: 27), url: "")
        }
        unsafe self.pointer = pointer
        unsafe errorText = .allocate(capacity: Int(CURL_ERROR_SIZE))
        unsafe errorText.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
        unsafe fields = nil
        try configure(options)
    }

    deinit {
        unsafe curl.pointee.easy_cleanup(pointer)
        unsafe curl.pointee.slist_free_all(fields)
        unsafe errorText.deallocate()
    }

    private func configure(_ options: HTTPOptions) throws(HTTPProblem) {
        try set(CURLOPT_NOSIGNAL, 1)
        try set(CURLOPT_PROTOCOLS_STR, "http,https")
        try set(CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_1_1))
        try set(CURLOPT_HTTP09_ALLOWED, 0)
        try set(CURLOPT_FOLLOWLOCATION, 0)
        try set(CURLOPT_PATH_AS_IS, 1)
        try set(CURLOPT_NETRC, 0)
        try set(CURLOPT_SSLVERSION, Int(CURL_SSLVERSION_TLSv1_2))
        try set(CURLOPT_SSL_VERIFYPEER, 1)
        try set(CURLOPT_SSL_VERIFYHOST, 2)
        if let file = options.certificateFile { try set(CURLOPT_CAINFO, file) }
        // Empty, not unset: unset means the environment's.
        try set(CURLOPT_PROXY, options.proxy ?? "")
        try set(CURLOPT_USERAGENT, options.userAgent)
        try set(CURLOPT_CONNECTTIMEOUT_MS, options.connectTimeout.wholeMilliseconds)
        try set(CURLOPT_LOW_SPEED_LIMIT, 1)
        try set(CURLOPT_LOW_SPEED_TIME, max(1, options.stallTimeout.wholeMilliseconds / 1000))
        try set(CURLOPT_MAXLIFETIME_CONN, 300)
        // Four times libcurl's default: fewer calls for each megabyte.
        try set(CURLOPT_BUFFERSIZE, 64 << 10)
        try set(CURLOPT_NOPROGRESS, 1)
        try check(unsafe curl_setopt_pointer(curl, pointer, CURLOPT_ERRORBUFFER, errorText))
        try check(
            unsafe curl_setopt_data_function(curl, pointer, CURLOPT_HEADERFUNCTION) {
                data, size, count, user in
                // SAFETY: libcurl passes `size * count` readable bytes, and the pointer set in `prepare`.
                guard let data = unsafe data, let user = unsafe user else { return 0 }
                let bytes = unsafe UnsafeRawBufferPointer(start: data, count: size &* count)
                    .assumingMemoryBound(to: UInt8.self)
                let transfer = unsafe Unmanaged<Transfer>.fromOpaque(user).takeUnretainedValue()
                return transfer.readHeader(unsafe bytes.span) ? bytes.count : 0
            })
        try check(
            unsafe curl_setopt_data_function(curl, pointer, CURLOPT_WRITEFUNCTION) {
                data, size, count, user in
                // SAFETY: as above.
                guard let data = unsafe data, let user = unsafe user else { return 0 }
                let bytes = unsafe UnsafeRawBufferPointer(start: data, count: size &* count)
                    .assumingMemoryBound(to: UInt8.self)
                let transfer = unsafe Unmanaged<Transfer>.fromOpaque(user).takeUnretainedValue()
                // Not 0: a refusal must differ from the count even for an empty piece.
                return transfer.readBody(unsafe bytes.span) ? bytes.count : Int(CURL_WRITEFUNC_ERROR)
            })
    }

    var id: Int { unsafe Int(bitPattern: pointer) }

    /// Makes the handle ready for the transfer's present URL.
    func prepare(for transfer: Transfer) throws(HTTPProblem) {
        let user = unsafe Unmanaged.passUnretained(transfer).toOpaque()
        unsafe errorText[0] = 0
        try set(CURLOPT_URL, transfer.url)
        try check(unsafe curl_setopt_pointer(curl, pointer, CURLOPT_HEADERDATA, user))
        try check(unsafe curl_setopt_pointer(curl, pointer, CURLOPT_WRITEDATA, user))
        try check(
            unsafe curl_setopt_offset(
                curl, pointer, CURLOPT_MAX_RECV_SPEED_LARGE, curl_off_t(transfer.request.bytesPerSecond ?? 0))
        )
        try set(CURLOPT_TIMEOUT_MS, transfer.request.timeLimit?.wholeMilliseconds ?? 0)
        try check(unsafe curl_setopt_pointer(curl, pointer, CURLOPT_HTTPHEADER, nil))
        unsafe curl.pointee.slist_free_all(fields)
        unsafe fields = nil
        for field in transfer.request.fields {
            guard let longer = unsafe curl.pointee.slist_append(fields, "\(field.name): \(field.value)")
            else {
                throw HTTPProblem(.transport(code: 27), url: transfer.url)
            }
            unsafe fields = longer
        }
        if unsafe fields != nil {
            try check(unsafe curl_setopt_pointer(curl, pointer, CURLOPT_HTTPHEADER, fields))
        }
    }

    /// What libcurl's number and text for the last transfer mean.
    func problem(for code: CURLcode, url: String) -> HTTPProblem {
        var detail = unsafe String(cString: errorText)
        if detail.isEmpty { detail = library.text(for: code) }
        var firstByte: curl_off_t = 0
        _ = unsafe curl_getinfo_offset(curl, pointer, CURLINFO_PRETRANSFER_TIME_T, &firstByte)
        let kind: HTTPProblem.Kind =
            switch code {
            case CURLE_URL_MALFORMAT, CURLE_UNSUPPORTED_PROTOCOL: .badURL(reason: "libcurl refuses it")
            case CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_RESOLVE_PROXY: .nameNotResolved
            case CURLE_COULDNT_CONNECT: .notConnected
            case CURLE_OPERATION_TIMEDOUT: firstByte == 0 ? .connectTimedOut : .timedOut
            case CURLE_PARTIAL_FILE, CURLE_GOT_NOTHING, CURLE_RECV_ERROR, CURLE_SEND_ERROR: .cutShort
            case CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CACERT_BADFILE, CURLE_SSL_ISSUER_ERROR,
                CURLE_SSL_INVALIDCERTSTATUS, CURLE_SSL_CERTPROBLEM:
                .certificateRefused
            case CURLE_SSL_CONNECT_ERROR, CURLE_SSL_CIPHER: .tlsFailed
            case CURLE_WEIRD_SERVER_REPLY, CURLE_BAD_CONTENT_ENCODING, CURLE_HTTP2, CURLE_FILESIZE_EXCEEDED:
                .malformedAnswer(reason: "libcurl refuses it")
            default: .transport(code: Int(code.rawValue))
            }
        return HTTPProblem(kind, url: url, detail: detail)
    }

    private func set(_ option: CURLoption, _ value: Int) throws(HTTPProblem) {
        try check(unsafe curl_setopt_long(curl, pointer, option, value))
    }

    private func set(_ option: CURLoption, _ value: String) throws(HTTPProblem) {
        try check(unsafe curl_setopt_string(curl, pointer, option, value))
    }

    /// An option that libcurl does not take would leave a check off: never go on without it.
    private func check(_ code: CURLcode) throws(HTTPProblem) {
        guard code == CURLE_OK else {
            throw HTTPProblem(
                .transport(code: Int(code.rawValue)), url: "",
                detail: "option refused: " + library.text(for: code))
        }
    }
}
