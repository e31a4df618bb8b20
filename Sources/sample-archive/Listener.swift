import Foundation

/// Ends the process, with code 0, at SIGINT and SIGTERM; makes writing to a closed connection an error, not a signal.
func exitOnSignals() {
    // A parent may have started us from a thread that blocks all signals, as those of Dispatch do; the mask is inherited.
    var numbers = sigset_t()
    unsafe sigemptyset(&numbers)
    for number in [SIGINT, SIGTERM] {
        signal(number) { _ in _exit(0) }
        unsafe sigaddset(&numbers, number)
    }
    unsafe pthread_sigmask(SIG_UNBLOCK, &numbers, nil)
    signal(SIGPIPE, SIG_IGN)
}

/// A listening socket at 127.0.0.1, with a thread for each connection.
///
/// Blocking threads and `sendfile` because the server shares the machine with what is measured against it: it should cost
/// nothing but the copy.
struct Listener {
    private let descriptor: CInt
    let port: UInt16

    init(port: UInt16) throws {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { throw SystemFault("open a socket") }
        var one: CInt = 1
        unsafe setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &one, socklen_t(MemoryLayout<CInt>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = in_addr_t(INADDR_LOOPBACK).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        // SAFETY: a sockaddr_in is what the kernel reads behind a sockaddr of family AF_INET; `length` is its size.
        let bound = unsafe withUnsafeMutablePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe bind(descriptor, $0, length) == 0 && listen(descriptor, 1024) == 0
                    && getsockname(descriptor, $0, &length) == 0
            }
        }
        guard bound else { throw SystemFault("listen at 127.0.0.1:\(port)") }
        self.descriptor = descriptor
        self.port = UInt16(bigEndian: address.sin_port)
    }

    /// Starts `serve` on a thread of its own for each connection; never returns.
    func acceptForever(_ serve: @escaping @Sendable (Connection) -> Void) -> Never {
        while true {
            let client = accept(descriptor, nil, nil)
            guard client >= 0 else {
                // Out of descriptors: some connection will end.
                if errno != EINTR { usleep(10_000) }
                continue
            }
            let thread = Thread { serve(Connection(client)) }
            thread.stackSize = 1 << 20
            thread.start()
        }
    }
}

/// A system call that failed, with its reason.
struct SystemFault: Error, CustomStringConvertible {
    let description: String

    init(_ operation: String, code: CInt = errno) {
        description = "cannot \(operation): \(unsafe String(cString: strerror(code)))"
    }
}
