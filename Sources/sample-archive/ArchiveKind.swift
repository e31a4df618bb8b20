import ArgumentParser

/// A kind of data file, and where the bucket keeps it.
enum ArchiveKind: String, CaseIterable, ExpressibleByArgument {
    case spotKlines = "spot-klines"
    case umKlines = "um-klines"
    case aggTrades = "agg-trades"
    case trades
    case fundingRate = "funding-rate"
    case metrics

    var isMonthly: Bool { self == .fundingRate }

    /// The key of the zip for one day, or for the month that starts with it.
    func key(_ symbol: Symbol, _ day: Day) -> String {
        let (folder, infix) =
            switch self {
            case .spotKlines: ("spot/daily/klines/\(symbol.name)/1m", "1m")
            case .umKlines: ("futures/um/daily/klines/\(symbol.name)/1m", "1m")
            case .aggTrades: ("spot/daily/aggTrades/\(symbol.name)", "aggTrades")
            case .trades: ("spot/daily/trades/\(symbol.name)", "trades")
            case .fundingRate: ("futures/um/monthly/fundingRate/\(symbol.name)", "fundingRate")
            case .metrics: ("futures/um/daily/metrics/\(symbol.name)", "metrics")
            }
        let date = isMonthly ? day.monthText : day.description
        return "data/\(folder)/\(symbol.name)-\(infix)-\(date).zip"
    }
}

/// Makes the CSV of one file.
struct ArchiveRows {
    let kind: ArchiveKind
    let symbol: Symbol
    let day: Day
    let seed: UInt64
    /// Rows asked for; nil is as many as the real files of the kind have, or a modest number of trades.
    let rowCount: Int?

    func csv() -> [UInt8] {
        var dice = Dice(seed: seed, name: kind.key(symbol, day))
        return switch kind {
        case .spotKlines: klines(&dice, isSpot: true)
        case .umKlines: klines(&dice, isSpot: false)
        case .aggTrades: aggTrades(&dice)
        case .trades: trades(&dice)
        case .fundingRate: fundingRate(&dice)
        case .metrics: metrics(&dice)
        }
    }

    /// One-minute bars: spot without a header and with 8 decimals, futures with a header and shorter numbers.
    private func klines(_ dice: inout Dice, isSpot: Bool) -> [UInt8] {
        let count = min(rowCount ?? 1440, 1440)
        var csv = CSVText(reserving: 140 * (count + 1))
        if !isSpot {
            csv.row(
                "open_time,open,high,low,close,volume,close_time,quote_volume,count,taker_buy_volume,taker_buy_quote_volume,ignore"
            )
        }
        let isFine = isSpot && day >= .microseconds
        let (priceScale, amountScale, quoteScale) = isSpot ? (8, 8, 8) : (2, 3, 5)
        var walk = Walk(symbol, on: day, seed: seed)
        for minute in 0..<count {
            let open = walk.price
            walk.step(&dice)
            let close = walk.price
            let reach = max(2, close / symbol.tick / 4000) * symbol.tick
            let high = max(open, close) + dice.below(reach) / symbol.tick * symbol.tick
            let low = min(open, close) - dice.below(reach) / symbol.tick * symbol.tick
            // Whole thousandths, which both kinds can write.
            let volume = dice.skewed(1 << 20) * (unit / 1000)
            let taken = volume / 1000 * dice.below(1001) / 100_000 * 100_000
            let start = day.milliseconds + minute * 60_000
            csv.field(isFine ? start * 1000 : start)
            for price in [open, high, low, close] {
                csv.field(rescale(price, to: priceScale), scale: priceScale)
            }
            csv.field(rescale(volume, to: amountScale), scale: amountScale)
            csv.field(isFine ? (start + 60_000) * 1000 - 1 : start + 59_999)
            csv.field(rescale(value(close, volume), to: quoteScale), scale: quoteScale)
            csv.field(1 + dice.skewed(5000))
            csv.field(rescale(taken, to: amountScale), scale: amountScale)
            csv.field(rescale(value(close, taken), to: quoteScale), scale: quoteScale)
            csv.field(0)
            csv.endRow()
        }
        return csv.bytes
    }

    /// Spot: id, price, quantity, first id, last id, time, buyer is maker, best match. No header.
    private func aggTrades(_ dice: inout Dice) -> [UInt8] {
        ticks(&dice, rowByteCount: 100) { csv, tick, dice in
            let first = 2 * tick.id + dice.below(2)
            csv.field(tick.id)
            csv.field(tick.price, scale: 8)
            csv.field(tick.amount, scale: 8)
            csv.field(first)
            csv.field(first)
            csv.field(tick.time)
        }
    }

    /// Spot: id, price, quantity, quote quantity, time, buyer is maker, best match. No header.
    private func trades(_ dice: inout Dice) -> [UInt8] {
        ticks(&dice, rowByteCount: 100) { csv, tick, _ in
            csv.field(tick.id)
            csv.field(tick.price, scale: 8)
            csv.field(tick.amount, scale: 8)
            csv.field(value(tick.price, tick.amount), scale: 8)
            csv.field(tick.time)
        }
    }

    private struct Tick {
        var id: Int
        var price: Int
        var amount: Int
        /// In the file's unit.
        var time: Int
    }

    private func ticks(
        _ dice: inout Dice, rowByteCount: Int, write: (inout CSVText, Tick, inout Dice) -> Void
    ) -> [UInt8] {
        let count = rowCount ?? 2000
        let isFine = day >= .microseconds
        var csv = CSVText(reserving: rowByteCount * count)
        var walk = Walk(symbol, on: day, seed: seed)
        let dayLength = isFine ? 86_400_000_000 : 86_400_000
        let dayStart = isFine ? day.milliseconds * 1000 : day.milliseconds
        for i in 0..<count {
            // Trades often repeat the last price.
            if dice.below(100) < 45 { walk.step(&dice) }
            let slotStart = dayLength / count * i + dayLength % count * i / count
            let slotLength = max(1, dayLength / count)
            let tick = Tick(
                id: day.number * 100_000_000 + i, price: walk.price, amount: dice.skewed(1 << 16) * 1000,
                time: dayStart + slotStart + dice.below(slotLength))
            write(&csv, tick, &dice)
            csv.field(dice.below(2) == 0 ? "True" : "False")
            csv.field("True")
            csv.endRow()
        }
        return csv.bytes
    }

    /// Every eight hours of a month, a few milliseconds late.
    private func fundingRate(_ dice: inout Dice) -> [UInt8] {
        var csv = CSVText(reserving: 4096)
        csv.row("calc_time,funding_interval_hours,last_funding_rate")
        for time in stride(from: day.milliseconds, to: day.firstOfNextMonth.milliseconds, by: 8 * 3_600_000) {
            csv.field(time + (dice.below(2) == 0 ? 0 : 1 + dice.below(9)))
            csv.field(8)
            csv.field(dice.around(20_000), scale: 8)
            csv.endRow()
        }
        return csv.bytes
    }

    /// Every five minutes: text time, and ratios that are missing now and then.
    private func metrics(_ dice: inout Dice) -> [UInt8] {
        let count = min(rowCount ?? 288, 288)
        var csv = CSVText(reserving: 160 * (count + 1))
        csv.row(
            "create_time,symbol,sum_open_interest,sum_open_interest_value,count_toptrader_long_short_ratio,sum_toptrader_long_short_ratio,count_long_short_ratio,sum_taker_long_short_vol_ratio"
        )
        var walk = Walk(symbol, on: day, seed: seed)
        var interest = (90_000 + dice.below(20_000)) * unit
        for slot in 0..<count {
            walk.step(&dice)
            interest += dice.around(200) * (unit / 1000)
            csv.field("\(day) \(twoDigits(slot / 12)):\(twoDigits(slot % 12 * 5)):00")
            csv.field(symbol.name)
            csv.field(interest, scale: 8)
            csv.field(value(walk.price, interest), scale: 8)
            let isMissing = dice.below(24) == 0
            for column in 0..<4 {
                if isMissing, column < 3 {
                    csv.field("\"\"")
                } else {
                    csv.field(unit / 2 + dice.below(2 * unit), scale: 8)
                }
            }
            csv.endRow()
        }
        return csv.bytes
    }
}

/// A number of units of 10^-8 as units of 10^-`scale`, rounded down.
private func rescale(_ value: Int, to scale: Int) -> Int {
    var divisor = 1
    for _ in scale..<8 { divisor *= 10 }
    return value / divisor
}
