import ArgumentParser
import Building
import Files
import Problems

struct Initialize: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "init", abstract: "Write a Datafile to start from.")

    @OptionGroup var global: GlobalOptions

    func run() throws {
        let path = try global.workspace().datafilePath
        if try Stamp.of(path: path) != nil {
            throw BuildProblem.badFlag(
                "\(path): is there already", hint: "remove it first, or name another with -f")
        }
        try writeFileAtomically(path, Array(startingDatafile.utf8))
        printResult("wrote \(path.escapedForDisplay); 'datamake build -n' shows what it would do")
    }
}

/// Small enough to read in a minute, whole enough to run: one rule over the public archive, a month of one symbol.
private let startingDatafile = """
    version: 1

    sources:
      binance:
        s3: https://s3-ap-northeast-1.amazonaws.com/data.binance.vision
        get: https://data.binance.vision
        mirror: raw/data.binance.vision
        checksum: "{key}.CHECKSUM"
        connections: 8

    rules:
      spot-klines:
        # In order of preference: the monthly file where there is one, daily files for the days it does not cover.
        from:
          - binance:data/spot/monthly/klines/{symbol}/{interval}/{symbol}-{interval}-{date:month}.zip
          - binance:data/spot/daily/klines/{symbol}/{interval}/{symbol}-{interval}-{date:day}.zip
        where:
          symbol: [BTCUSDT]
          interval: [1h]
          date: 2024-01..2024-01
        to: lake/spot/klines/symbol={symbol}/interval={interval}/{date.month}.parquet
        table: kline

    tables:
      kline:
        columns:
          open_time: timestamp
          open: float64
          high: float64
          low: float64
          close: float64
          volume: float64
          close_time: timestamp
          quote_volume: float64
          count: int64
          taker_buy_base: float64
          taker_buy_quote: float64
          ignore: skip
        sort: open_time
        unique: open_time
        every: "{interval}"
        checks: ["high >= low", "open_time in partition"]

    """
