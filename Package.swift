// swift-tools-version: 6.2
import PackageDescription

/// What every module of this package is built with: Swift 6 mode, every unsafe use marked, no warning left.
let houseRules: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .strictMemorySafety(),
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
]

extension Target {
    /// A C library of the system, found by its module map.
    static func system(_ name: String, apt: String, pkgConfig: String? = nil) -> Target {
        .systemLibrary(
            name: name, path: "Sources/System/\(name)", pkgConfig: pkgConfig, providers: [.apt([apt])])
    }

    /// A noun: knows nothing of builds.
    ///
    /// - Parameter lendsSpans: whether it has functions that return a `Span` of what they own.
    static func library(
        _ name: String, uses: [Target.Dependency] = [], lendsSpans: Bool = false
    ) -> Target {
        .target(
            name: name, dependencies: uses, path: "Sources/Libraries/\(name)",
            swiftSettings: houseRules + (lendsSpans ? [.enableExperimentalFeature("Lifetimes")] : []))
    }

    /// A gerund: one step of the build. Stages never use each other.
    static func stage(_ name: String, uses: [Target.Dependency]) -> Target {
        .target(
            name: name, dependencies: ["Graph", "Problems"] + uses, path: "Sources/Stages/\(name)",
            swiftSettings: houseRules)
    }

    static func tests(of name: String, uses: [Target.Dependency] = [], data: [String] = []) -> Target {
        .testTarget(
            name: "\(name)Tests", dependencies: [.target(name: name), "TestSupport"] + uses,
            path: "Tests/\(name)Tests", exclude: data, swiftSettings: houseRules)
    }
}

let grdb: Target.Dependency = .product(name: "GRDB", package: "GRDB.swift")
let yams: Target.Dependency = .product(name: "Yams", package: "Yams")
let argumentParser: Target.Dependency = .product(name: "ArgumentParser", package: "swift-argument-parser")
let logging: Target.Dependency = .product(name: "Logging", package: "swift-log")

let package = Package(
    name: "datamake",
    platforms: [.macOS(.v15)],
    products: [
        .executable(name: "datamake", targets: ["datamake"]),
        .executable(name: "sample-archive", targets: ["sample-archive"]),
        // With the modules whose types its interface has.
        .library(name: "Parquet", targets: ["Parquet", "Columns", "Bytes"]),
    ],
    dependencies: [
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
    ],
    targets: [
        // Just its headers: HTTP loads the library itself.
        .system("CCurl", apt: "libcurl4-openssl-dev"),
        .system("CZlib", apt: "zlib1g-dev", pkgConfig: "zlib"),
        .system("CXXHash", apt: "libxxhash-dev", pkgConfig: "libxxhash"),
        .system("CZstd", apt: "libzstd-dev", pkgConfig: "libzstd"),
        .system("CISAL", apt: "libisal-dev", pkgConfig: "libisal"),
        .system("CExpat", apt: "libexpat1-dev", pkgConfig: "expat"),
        .system("CCrypto", apt: "libssl-dev"),
        .system("CSQLite", apt: "libsqlite3-dev", pkgConfig: "sqlite3"),
        .system("CLinux", apt: "libc6-dev"),
        .target(name: "CVector", path: "Sources/System/CVector"),

        .library("Problems"),
        .library("Locking"),
        .library("Bytes", uses: ["Locking", "CXXHash", "CCrypto", "CVector"], lendsSpans: true),
        .library("Columns", uses: ["Bytes"]),
        .library("Compression", uses: ["Problems", "CZlib", "CISAL", "CZstd", "CVector"]),
        .library("Zip", uses: ["Problems", "Bytes", "Compression"]),
        .library("CSV", uses: ["Problems", "Bytes", "Columns", "CVector"]),
        .library("Parquet", uses: ["Problems", "Bytes", "Columns", "Compression", "CVector"]),
        .library("HTTP", uses: ["Problems", "CCurl"]),
        .library("WorkStealing", uses: ["Locking"]),
        .library("Files", uses: ["Problems", "Bytes", "WorkStealing", "CLinux"]),

        .target(
            name: "Graph", dependencies: ["Problems", "Bytes", "Columns", "Files"], path: "Sources/Graph",
            swiftSettings: houseRules),

        .stage("DatafileLoading", uses: ["Columns", yams]),
        .stage("Listing", uses: ["Bytes", "HTTP", "Files", "CExpat"]),
        .stage("Planning", uses: ["Bytes", "Files"]),
        .stage("Scheduling", uses: ["Locking", "WorkStealing"]),
        .stage("Fetching", uses: ["HTTP", "Files", "Bytes"]),
        .stage(
            "Cleaning",
            uses: ["Bytes", "Columns", "Compression", "Zip", "CSV", "Parquet", "Files", "WorkStealing"]),
        .stage("Publishing", uses: ["Files", "Bytes"]),
        .stage("Recording", uses: ["Bytes", "Files", "CXXHash", "CSQLite", grdb]),

        .target(
            name: "Building",
            dependencies: [
                "Problems", "Bytes", "Columns", "Files", "HTTP", "WorkStealing", "Graph", "DatafileLoading",
                "Listing", "Planning", "Scheduling", "Fetching", "Cleaning", "Publishing", "Recording",
                "Parquet",
            ],
            path: "Sources/Building", swiftSettings: houseRules),
        .executableTarget(
            name: "datamake",
            dependencies: [
                "Building", "CLinux", "DatafileLoading", "Files", "Graph", "Listing", "Planning", "Problems",
                argumentParser, logging,
            ],
            path: "Sources/datamake", swiftSettings: houseRules),
        .executableTarget(
            name: "sample-archive", dependencies: ["Zip", "Bytes", "Problems", argumentParser],
            path: "Sources/sample-archive", swiftSettings: houseRules),

        // What every step costs; benchmarks/steps.py builds and runs it.
        .executableTarget(
            name: "steps",
            dependencies: [
                "Bytes", "CSV", "Cleaning", "Columns", "Compression", "Files", "Graph", "Parquet", "Zip",
                argumentParser,
            ],
            path: "benchmarks/steps", swiftSettings: houseRules),

        // What the scheduler costs a job; benchmarks/scheduler.py builds and runs it.
        .executableTarget(
            name: "scheduler", dependencies: ["Scheduling", "WorkStealing", argumentParser],
            path: "benchmarks/scheduler", swiftSettings: houseRules),

        .executableTarget(
            name: "parquet-example", dependencies: ["Columns", "Parquet"], path: "Sources/parquet-example",
            swiftSettings: houseRules),

        // Makes projects of very many targets; benchmarks/scale.py measures with them.
        .executableTarget(
            name: "scale",
            dependencies: [
                "Bytes", "Cleaning", "DatafileLoading", "Files", "Graph", "Listing", "Planning", "Recording",
                argumentParser,
            ],
            path: "benchmarks/scale", swiftSettings: houseRules),

        .target(name: "TestSupport", path: "Tests/TestSupport", swiftSettings: houseRules),

        .tests(of: "Problems"),
        .tests(of: "Bytes"),
        .tests(of: "Columns", uses: ["Bytes"]),
        .tests(of: "Compression", uses: ["Bytes", "Problems"]),
        .tests(of: "Zip", uses: ["Bytes", "Compression", "Problems"]),
        .tests(of: "CSV", uses: ["Bytes", "Columns", "CVector", "Problems"]),
        .tests(
            of: "Parquet", uses: ["Bytes", "Columns", "CVector", "Problems", "parquet-example"],
            data: ["Golden"]),
        .tests(of: "HTTP", uses: ["Problems"]),
        .tests(of: "Files", uses: ["Bytes", "Problems"]),
        .tests(of: "WorkStealing", uses: ["Locking"]),
        .tests(of: "Graph", uses: ["Bytes", "Columns", "Files", "Problems"]),
        .tests(of: "DatafileLoading", uses: ["Graph", "Columns", "Problems"]),
        .tests(of: "Listing", uses: ["Bytes", "Graph", "HTTP", "Files", "Problems"]),
        .tests(of: "Planning", uses: ["Graph", "Bytes", "Files", "Problems"]),
        .tests(of: "Scheduling", uses: ["Graph", "Locking", "WorkStealing"]),
        .tests(of: "Fetching", uses: ["Graph", "HTTP", "Files", "Bytes", "Problems"]),
        .tests(
            of: "Cleaning", uses: ["Graph", "Bytes", "Columns", "Zip", "CSV", "Parquet", "Files", "Problems"]),
        .tests(of: "Publishing", uses: ["Graph", "Files", "Bytes", "Problems"]),
        .tests(of: "Recording", uses: ["Graph", "Bytes", "Files", "Columns", "Problems", "CXXHash", grdb]),
        // Run the programs as users do; the dependencies see to it that they are built.
        .testTarget(
            name: "BuildingTests",
            dependencies: [
                "datamake", "sample-archive", "Building", "Graph", "Problems", "Zip", "Bytes", "TestSupport",
            ],
            path: "Tests/BuildingTests", swiftSettings: houseRules),
        .testTarget(
            name: "StepsTests", dependencies: ["steps", "sample-archive", "TestSupport"],
            path: "Tests/StepsTests",
            swiftSettings: houseRules),
        .testTarget(
            name: "SampleArchiveTests", dependencies: ["sample-archive", "TestSupport"],
            path: "Tests/SampleArchiveTests", swiftSettings: houseRules),
    ]
)
