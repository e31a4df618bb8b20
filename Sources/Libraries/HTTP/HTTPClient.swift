/// GETs over HTTP/1.1: libcurl's multi interface on one thread of its own, an async face in front of it.
///
/// What it insists on: http and https only, TLS 1.2 or newer with the certificate checked, redirects only within the same scheme,
/// host and port (at most 5), no proxy but the one in the options, no cookies, no netrc, no content encoding, heads
/// within the limits of `HeadReader`. It neither retries nor judges statuses: see `RetryPolicy`.
package final class HTTPClient: Sendable {
    private let loop: TransferLoop

    /// Starts the client's thread. Where the system has none left, every request fails as shut down.
    package init(options: HTTPOptions = HTTPOptions()) {
        loop = TransferLoop(options: options)
        if !loop.start() { loop.shutDown() }
    }

    deinit { loop.shutDown() }

    /// Sends a request and suspends until the answer is complete.
    ///
    /// Requests above the limits on connections wait, in order. Cancelling the task ends the transfer at once.
    ///
    /// - Parameters:
    ///   - accept: sees the head of a 2xx answer before any of its body, on the client's thread; throwing ends the transfer.
    ///   - receive: gets each piece of a 2xx body, in order, on the client's thread: keep it short, all transfers wait for
    ///     it. The bytes are gone when it returns. Throwing ends the transfer.
    /// - Returns: any complete answer, also 404 or 503.
    /// - Throws: `HTTPProblem`; `CancellationError`; what `accept` or `receive` threw, as it is.
    package func get(
        _ request: HTTPRequest, accept: @escaping @Sendable (HTTPHead) throws -> Void = { _ in },
        receive: @escaping @Sendable (Span<UInt8>) throws -> Void
    ) async throws -> HTTPResponse {
        let transfer = try Transfer(request: request, accept: accept, receive: receive)
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                transfer.continuation = continuation
                if !loop.submit(transfer) {
                    transfer.finish(.failure(HTTPProblem(.shutDown, url: request.url)))
                }
            }
        } onCancel: {
            loop.cancel(transfer)
        }
    }

    /// Ends all transfers; later ones fail. The thread is gone soon after.
    package func shutdown() { loop.shutDown() }
}
