import CCurl
import Glibc
import Synchronization

/// The client's one thread: starts transfers, lets libcurl move bytes, wakes callers.
///
/// Callers leave mail in the inbox; nothing else is shared. The multi handle, the easy handles and all transfers under way
/// belong to the thread.
final class TransferLoop: Sendable {
    /// libcurl allows `curl_multi_wakeup` from any thread; every other call is made by the loop's own.
    @safe private struct MultiHandle: @unchecked Sendable {
        let pointer: UnsafeMutableRawPointer
        let library: CurlLibrary
        func wake() { unsafe _ = library.functions.pointee.multi_wakeup(pointer) }
    }

    private struct Inbox: Sendable {
        var submitted: [Transfer] = []
        var cancelled: [Transfer] = []
        var isShutDown = false
        /// Nil before the start and after the end.
        var multi: MultiHandle?

        var isEmpty: Bool { submitted.isEmpty && cancelled.isEmpty && !isShutDown }
    }

    private let options: HTTPOptions
    private let inbox = Mutex(Inbox())

    init(options: HTTPOptions) { self.options = options }

    /// Makes the thread. False when the system has none left; then every transfer fails as shut down. Without libcurl none gets as
    /// far as that.
    func start() -> Bool {
        guard let library = try? CurlLibrary.loaded(for: "") else { return false }
        let curl = unsafe library.functions
        guard let pointer = unsafe curl.pointee.multi_init() else { return false }
        let multi = unsafe MultiHandle(pointer: pointer, library: library)
        unsafe curl_multi_setopt_long(curl, pointer, CURLMOPT_MAXCONNECTS, options.connections)
        unsafe curl_multi_setopt_long(curl, pointer, CURLMOPT_MAX_TOTAL_CONNECTIONS, options.connections)
        unsafe curl_multi_setopt_long(curl, pointer, CURLMOPT_PIPELINING, 0)
        inbox.withLock { $0.multi = multi }

        // Signals are for the main thread: this one inherits a mask that blocks them all.
        var all = sigset_t()
        var before = sigset_t()
        unsafe sigfillset(&all)
        unsafe pthread_sigmask(SIG_SETMASK, &all, &before)
        var thread = pthread_t()
        let context = unsafe Unmanaged.passRetained(self).toOpaque()
        let code = unsafe pthread_create(
            &thread, nil,
            { context in
                // SAFETY: the pointer retained above, taken exactly once.
                unsafe Unmanaged<TransferLoop>.fromOpaque(context!).takeRetainedValue().run()
                return nil
            }, context)
        unsafe pthread_sigmask(SIG_SETMASK, &before, nil)
        guard code == 0 else {
            unsafe Unmanaged<TransferLoop>.fromOpaque(context).release()
            inbox.withLock { $0.multi = nil }
            _ = unsafe curl.pointee.multi_cleanup(pointer)
            return false
        }
        pthread_detach(thread)
        return true
    }

    /// Hands a transfer over. False when the loop takes no more: then the caller still owns it.
    func submit(_ transfer: Transfer) -> Bool {
        inbox.withLock { inbox in
            guard !inbox.isShutDown, let multi = inbox.multi else { return false }
            // One wake-up serves all mail that lies there when the thread looks.
            let isFirst = inbox.isEmpty
            inbox.submitted.append(transfer)
            transfer.isSubmitted = true
            if isFirst { multi.wake() }
            return true
        }
    }

    /// Ends the transfer, now or as soon as it is submitted.
    func cancel(_ transfer: Transfer) {
        transfer.isCancelled.store(true, ordering: .releasing)
        inbox.withLock { inbox in
            guard transfer.isSubmitted else { return }
            inbox.cancelled.append(transfer)
            inbox.multi?.wake()
        }
    }

    func shutDown() {
        inbox.withLock { inbox in
            inbox.isShutDown = true
            inbox.multi?.wake()
        }
    }

    private func run() {
        guard let multi = inbox.withLock({ $0.multi }) else { return }
        let curl = unsafe multi.library.functions
        var work = unsafe Transfers(options: options, library: multi.library, multi: multi.pointer)
        while true {
            let mail = inbox.withLock { inbox in
                let mail = inbox
                inbox.submitted = []
                inbox.cancelled = []
                return mail
            }
            for transfer in mail.submitted { work.add(transfer) }
            for transfer in mail.cancelled { work.cancel(transfer) }
            if mail.isShutDown { break }
            work.advance()
            // Everything under way has a timer or a socket; idle, only mail ends the wait.
            _ = unsafe curl.pointee.multi_poll(multi.pointer, nil, 0, 1000, nil)
        }
        work.failAll()
        let late = inbox.withLock { inbox in
            inbox.multi = nil
            defer { inbox.submitted = [] }
            return inbox.submitted
        }
        for transfer in late { transfer.finish(.failure(HTTPProblem(.shutDown, url: transfer.url))) }
        work.releaseHandles()
        _ = unsafe curl.pointee.multi_cleanup(multi.pointer)
    }
}

/// What is under way, waits, and lies ready for the next.
@safe private struct Transfers {
    private struct Running {
        var transfer: Transfer
        var handle: EasyHandle
        var endpoint: Endpoint
    }

    private let options: HTTPOptions
    private let library: CurlLibrary
    private let curl: UnsafePointer<curl_functions>
    private let multi: UnsafeMutableRawPointer
    private var queue: TransferQueue<Transfer>
    /// By the address of the easy handle.
    private var running: [Int: Running] = [:]
    private var idle: [EasyHandle] = []

    init(options: HTTPOptions, library: CurlLibrary, multi: UnsafeMutableRawPointer) {
        self.options = options
        self.library = library
        unsafe curl = library.functions
        unsafe self.multi = multi
        queue = TransferQueue(limit: max(1, options.connections))
    }

    mutating func add(_ transfer: Transfer) {
        if transfer.isCancelled.load(ordering: .acquiring) {
            transfer.finish(.failure(CancellationError()))
        } else {
            queue.append(transfer, for: transfer.endpoint)
        }
    }

    /// Ends the transfer wherever it is. One that waits is dropped when its turn comes.
    mutating func cancel(_ transfer: Transfer) {
        guard !transfer.isFinished else { return }
        if let id = running.first(where: { $0.value.transfer === transfer })?.key {
            end(id) { _ in .failure(CancellationError()) }
        } else {
            transfer.finish(.failure(CancellationError()))
        }
    }

    /// Starts what may start and does all that can be done without waiting.
    mutating func advance() {
        var runningCount: Int32 = 0
        repeat {
            startWaiting()
            _ = unsafe curl.pointee.multi_perform(multi, &runningCount)
            // An ended transfer makes room: go round once more for what waits.
        } while finishDone()
    }

    private mutating func startWaiting() {
        while let (transfer, endpoint) = queue.next(hostLimit: { [options] in
            $0.isFinished ? .max : ($0.request.connections ?? options.connectionsPerHost)
        }) {
            guard !transfer.isFinished else {
                queue.finish(endpoint)
                continue
            }
            do throws(HTTPProblem) {
                let handle =
                    if let last = idle.popLast() { last } else {
                        try EasyHandle(library: library, options: options)
                    }
                try handle.prepare(for: transfer)
                running[handle.id] = Running(transfer: transfer, handle: handle, endpoint: endpoint)
                let code = unsafe curl.pointee.multi_add_handle(multi, handle.pointer)
                if code != CURLM_OK {
                    end(handle.id) { running in
                        .failure(HTTPProblem(.transport(code: Int(code.rawValue)), url: running.transfer.url))
                    }
                }
            } catch {
                queue.finish(endpoint)
                transfer.finish(.failure(error))
            }
        }
    }

    /// True when at least one ended and others wait, or one was redirected.
    private mutating func finishDone() -> Bool {
        var isWorthAnotherRound = false
        var remaining: Int32 = 0
        while let message = unsafe curl.pointee.multi_info_read(multi, &remaining) {
            guard unsafe message.pointee.msg == CURLMSG_DONE, let key = unsafe message.pointee.easy_handle
            else {
                continue
            }
            let id = Int(bitPattern: key)
            let code = unsafe curl_message_result(message)
            if followRedirect(id, code) {
                isWorthAnotherRound = true
            } else {
                end(id) { Self.result(of: $0, code) }
                isWorthAnotherRound = isWorthAnotherRound || queue.waitingCount > 0
            }
        }
        return isWorthAnotherRound
    }

    private static func result(of running: Running, _ code: CURLcode) -> Result<HTTPResponse, any Error> {
        let transfer = running.transfer
        if let failure = transfer.failure { return .failure(failure) }
        guard code == CURLE_OK else { return .failure(running.handle.problem(for: code, url: transfer.url)) }
        do throws(HTTPProblem) { return .success(try transfer.response()) } catch { return .failure(error) }
    }

    /// Sends the transfer on where its answer points. False when it points nowhere, or when that failed: then it has ended.
    private mutating func followRedirect(_ id: Int, _ code: CURLcode) -> Bool {
        guard code == CURLE_OK, let current = running[id], current.transfer.failure == nil else {
            return false
        }
        do throws(HTTPProblem) {
            guard try current.transfer.redirect() else { return false }
            _ = unsafe curl.pointee.multi_remove_handle(multi, current.handle.pointer)
            try current.handle.prepare(for: current.transfer)
            _ = unsafe curl.pointee.multi_add_handle(multi, current.handle.pointer)
        } catch {
            end(id) { _ in .failure(error) }
        }
        return true
    }

    /// Takes a transfer off libcurl and wakes its caller.
    private mutating func end(_ id: Int, with result: (Running) -> Result<HTTPResponse, any Error>) {
        guard let ended = running.removeValue(forKey: id) else { return }
        let outcome = result(ended)
        _ = unsafe curl.pointee.multi_remove_handle(multi, ended.handle.pointer)
        idle.append(ended.handle)
        queue.finish(ended.endpoint)
        ended.transfer.finish(outcome)
    }

    mutating func failAll() {
        for id in Array(running.keys) {
            end(id) { .failure(HTTPProblem(.shutDown, url: $0.transfer.url)) }
        }
        for transfer in queue.removeAllWaiting() {
            transfer.finish(.failure(HTTPProblem(.shutDown, url: transfer.url)))
        }
    }

    /// Before the multi handle goes: libcurl wants the easy handles gone first.
    mutating func releaseHandles() { idle = [] }
}
