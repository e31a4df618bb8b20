/// A stream of numbers that depends on its seed and its name alone (SplitMix64, Steele et al. 2014).
struct Dice {
    private var state: UInt64

    /// - Parameter name: what the numbers are for; other names, other numbers (FNV-1a over it).
    init(seed: UInt64, name: String) {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in name.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        state = hash ^ seed &* 0x9E37_79B9_7F4A_7C15
        _ = next()
    }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    /// A number in `0..<bound`.
    mutating func below(_ bound: Int) -> Int { Int(next().multipliedFullWidth(by: UInt64(bound)).high) }

    /// A number in `-limit...limit`, near zero more often than not.
    mutating func around(_ limit: Int) -> Int { (below(2 * limit + 1) + below(2 * limit + 1)) / 2 - limit }

    /// A number in `1...limit`, small ones far more often: as sizes of trades are.
    mutating func skewed(_ limit: Int) -> Int {
        let spread = below(64 - limit.leadingZeroBitCount) + 1
        return 1 + below(min(limit, 1 << spread))
    }
}

/// A symbol and the scale of its prices. Prices and amounts count in units of 10^-8.
struct Symbol {
    let name: String
    /// A price to start from.
    let basePrice: Int
    /// The smallest step of a price.
    let tick: Int

    /// The `index`-th symbol, from zero: two that everybody knows, then `SYM3USDT` and so on.
    init(index: Int) {
        switch index {
        case 0: (name, basePrice, tick) = ("BTCUSDT", 94_000 * unit, unit / 100)
        case 1: (name, basePrice, tick) = ("ETHUSDT", 3400 * unit, unit / 100)
        default:
            name = "SYM\(index + 1)USDT"
            var dice = Dice(seed: 0, name: name)
            basePrice = (1 + dice.below(500)) * unit
            tick = unit / 1000
        }
    }
}

/// One, in the units that prices and amounts count in.
let unit = 100_000_000

/// A price that wanders through one day in steps of the symbol's tick.
struct Walk {
    private(set) var price: Int
    private let symbol: Symbol

    /// Starts where the symbol stands that day, within 5 % of its base.
    init(_ symbol: Symbol, on day: Day, seed: UInt64) {
        var dice = Dice(seed: seed, name: "\(symbol.name)/\(day.number)/open")
        let ticks = symbol.basePrice / symbol.tick
        price = (ticks + dice.around(ticks / 20)) * symbol.tick
        self.symbol = symbol
    }

    /// Moves by at most 0.05 %, and stays above half the base.
    mutating func step(_ dice: inout Dice) {
        price = moved(by: dice.around(max(2, price / symbol.tick / 2000)))
    }

    /// The price some ticks from here.
    func moved(by ticks: Int) -> Int { max(price + ticks * symbol.tick, symbol.basePrice / 2) }
}

/// `price` x `amount`, both in units of 10^-8, rounded down.
func value(_ price: Int, _ amount: Int) -> Int {
    let product = price.multipliedFullWidth(by: amount)
    return unit.dividingFullWidth(product).quotient
}
