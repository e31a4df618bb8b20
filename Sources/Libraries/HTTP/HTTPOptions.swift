/// How a client behaves towards every host.
package struct HTTPOptions: Hashable, Sendable {
    /// Transfers at once over all hosts, `1...1024`.
    package var connections: Int
    /// Transfers at once to one host, where the request does not say; `1...256`.
    package var connectionsPerHost: Int
    package var userAgent: String
    /// Until the connection stands, TLS included. Whole milliseconds.
    package var connectTimeout: Duration
    /// A transfer that moves less than one byte a second for this long is given up. Whole seconds.
    package var stallTimeout: Duration
    /// The proxy to use. Nil: none, whatever the environment says.
    package var proxy: String?
    /// A PEM file of certificate authorities in place of the system's.
    package var certificateFile: String?

    package init(
        connections: Int = 64, connectionsPerHost: Int = 16, userAgent: String = "datamake",
        connectTimeout: Duration = .seconds(10), stallTimeout: Duration = .seconds(30), proxy: String? = nil,
        certificateFile: String? = nil
    ) {
        self.connections = connections
        self.connectionsPerHost = connectionsPerHost
        self.userAgent = userAgent
        self.connectTimeout = connectTimeout
        self.stallTimeout = stallTimeout
        self.proxy = proxy
        self.certificateFile = certificateFile
    }
}

extension Duration {
    /// Whole milliseconds, at least 1.
    var wholeMilliseconds: Int {
        let (seconds, attoseconds) = components
        let (product, overflowed) = Int(seconds).multipliedReportingOverflow(by: 1000)
        return overflowed ? .max : max(1, product + Int(attoseconds / 1_000_000_000_000_000))
    }
}
