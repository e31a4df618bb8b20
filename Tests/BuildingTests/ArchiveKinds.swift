/// What a kind of the archive's files holds, read off its documentation: the order of its columns, and what makes rows one.
///
/// Written down apart from `Datafile.example`, whose tables are judged by it.
struct KindColumns: Encodable {
    /// `name:kind` of each field of a file, in order: time, float, int, int32, bool, text, date, or - for what is left out; a
    /// question mark where the field may be empty.
    var columns: String
    var sort: [String]
    var unique: [String]

    static let kline =
        "open_time:time open:float high:float low:float close:float volume:float close_time:time quote_volume:float "
        + "count:int taker_buy_volume:float taker_buy_quote_volume:float ignore:-"
    static let price =
        "open_time:time open:float high:float low:float close:float volume:- close_time:time quote_volume:- count:- "
        + "taker_buy_volume:- taker_buy_quote_volume:- ignore:-"
    private static let bars = KindColumns(columns: price, sort: ["open_time"], unique: ["open_time"])
    private static let futuresAggTrades = KindColumns(
        columns:
            "agg_trade_id:int price:float quantity:float first_trade_id:int last_trade_id:int transact_time:time "
            + "is_buyer_maker:bool", sort: ["agg_trade_id"], unique: ["agg_trade_id"])
    private static let bookTicker = KindColumns(
        columns:
            "update_id:int best_bid_price:float best_bid_qty:float best_ask_price:float best_ask_qty:float "
            + "transaction_time:time event_time:time", sort: ["update_id"], unique: ["update_id"])
    private static let bookDepth = KindColumns(
        columns: "timestamp:time percentage:float depth:float notional:float",
        sort: ["timestamp", "percentage"],
        unique: ["timestamp", "percentage"])
    private static let metrics = KindColumns(
        columns: "create_time:time symbol:text sum_open_interest:float sum_open_interest_value:float "
            + "count_toptrader_long_short_ratio:float? sum_toptrader_long_short_ratio:float? "
            + "count_long_short_ratio:float? sum_taker_long_short_vol_ratio:float?",
        sort: ["create_time"], unique: ["create_time"])
    private static let fundingRate = KindColumns(
        columns: "calc_time:time funding_interval_hours:int32 last_funding_rate:float", sort: ["calc_time"],
        unique: ["calc_time"])

    /// By the rule of `Datafile.example`.
    static let all: [String: KindColumns] = [
        "spot-klines": KindColumns(columns: kline, sort: ["open_time"], unique: ["open_time"]),
        "um-klines": KindColumns(columns: kline, sort: ["open_time"], unique: ["open_time"]),
        "cm-klines": KindColumns(
            columns:
                "open_time:time open:float high:float low:float close:float volume:int close_time:time "
                + "base_volume:float count:int taker_buy_volume:int taker_buy_base_volume:float ignore:-",
            sort: ["open_time"], unique: ["open_time"]),
        "um-mark-price-klines": bars, "um-index-price-klines": bars, "um-premium-index-klines": bars,
        "cm-mark-price-klines": bars, "cm-index-price-klines": bars, "cm-premium-index-klines": bars,
        "spot-agg-trades": KindColumns(
            columns: futuresAggTrades.columns + " is_best_match:bool", sort: ["agg_trade_id"],
            unique: ["agg_trade_id"]),
        "um-agg-trades": futuresAggTrades, "cm-agg-trades": futuresAggTrades,
        "spot-trades": KindColumns(
            columns:
                "id:int price:float qty:float quote_qty:float time:time is_buyer_maker:bool is_best_match:bool",
            sort: ["id"], unique: ["id"]),
        "um-trades": KindColumns(
            columns: "id:int price:float qty:float quote_qty:float time:time is_buyer_maker:bool",
            sort: ["id"],
            unique: ["id"]),
        "cm-trades": KindColumns(
            columns: "id:int price:float qty:int base_qty:float time:time is_buyer_maker:bool", sort: ["id"],
            unique: ["id"]),
        "um-book-ticker": bookTicker, "cm-book-ticker": bookTicker,
        "um-book-depth": bookDepth, "cm-book-depth": bookDepth,
        "um-metrics": metrics, "cm-metrics": metrics,
        "um-funding-rate": fundingRate, "cm-funding-rate": fundingRate,
        "cm-liquidation-snapshot": KindColumns(
            columns:
                "time:time side:text order_type:text time_in_force:text original_quantity:float price:float "
                + "average_price:float order_status:text last_fill_quantity:float accumulated_fill_quantity:float",
            sort: ["time"],
            unique: [
                "time", "side", "original_quantity", "price", "average_price", "last_fill_quantity",
                "accumulated_fill_quantity",
            ]),
        "option-bvol-index": KindColumns(
            columns: "calc_time:time symbol:text base_asset:text quote_asset:text index_value:float",
            sort: ["calc_time"], unique: ["calc_time"]),
        "option-eoh-summary": KindColumns(
            columns:
                "date:date hour:int32 symbol:text underlying:text type:text strike:text open:float? high:float? "
                + "low:float? close:float? volume_contracts:float? volume_usdt:float? best_bid_price:float? "
                + "best_ask_price:float? best_bid_qty:float? best_ask_qty:float? best_buy_iv:float? best_sell_iv:float? "
                + "mark_price:float? mark_iv:float? delta:float? gamma:float? vega:float? theta:float? "
                + "openinterest_contracts:float? openinterest_usdt:float? nothing:-",
            sort: ["date", "hour", "symbol"], unique: ["date", "hour", "symbol"]),
    ]
}

/// One file of the archive, and how it is to be read.
struct KindFile: Encodable {
    /// How a file writes its times.
    enum Unit: String, Encodable { case ms, us, text }

    var rule: String
    /// Where its zip is in the bucket.
    var key: String
    /// The partition that it becomes a part of.
    var output: String
    var hasHeader: Bool
    var unit: Unit
    var csv: String

    init(_ rule: String, _ key: String, to output: String, header: Bool, _ unit: Unit, _ csv: String) {
        self.rule = rule
        self.key = key
        self.output = output
        hasHeader = header
        self.unit = unit
        self.csv = csv
    }

    private static let klineHeader =
        "open_time,open,high,low,close,volume,close_time,quote_volume,count,taker_buy_volume,taker_buy_quote_volume,ignore\n"
    private static let tradeHeader =
        "agg_trade_id,price,quantity,first_trade_id,last_trade_id,transact_time,is_buyer_maker\n"
    private static let bookTickerHeader =
        "update_id,best_bid_price,best_bid_qty,best_ask_price,best_ask_qty,transaction_time,event_time\n"
    private static let bookDepthHeader = "timestamp,percentage,depth,notional\n"
    private static let metricsHeader =
        "create_time,symbol,sum_open_interest,sum_open_interest_value,count_toptrader_long_short_ratio,"
        + "sum_toptrader_long_short_ratio,count_long_short_ratio,sum_taker_long_short_vol_ratio\n"
    private static let fundingHeader = "calc_time,funding_interval_hours,last_funding_rate\n"
    private static let markBars = """
        1704067200000,42313.9,42603.20000000,42289.60000000,42503.50000000,0,1704070799999,0,60,0,0,0
        1704070800000,42503.50000000,42841.60000000,42430.00000000,42648.00000000,0,1704074399999,0,60,0,0,0

        """
    private static let premiumBars = """
        1704067200000,0.00018442,0.00104712,-0.00057771,-0.00000005,0,1704070799999,0,60,0,0,0
        1704070800000,-0.00000005,0.00031,-1.2E-7,0.00000000,0,1704074399999,0,60,0,0,0

        """

    /// Made-up rows of every kind, as the archive writes them, with what is odd about each.
    static let all: [KindFile] = [
        // In microseconds from 2025 on.
        KindFile(
            "spot-klines", "data/spot/daily/klines/BTCUSDT/1h/BTCUSDT-1h-2024-12-31.zip",
            to: "lake/spot/klines/symbol=BTCUSDT/interval=1h/2024-12.parquet", header: false, .ms,
            """
            1735599600000,93350.10000000,93777.77000000,93120.00000000,93548.44000000,512.34567000,1735603199999,47912345.12345678,70123,250.00010000,23412345.87654321,0
            1735603200000,93548.44000000,93548.45000000,92000.01000000,92001.00000000,1024.00000001,1735606799999,95012345.00000001,123456,0.00000000,0.00000000,0

            """),
        KindFile(
            "spot-klines", "data/spot/monthly/klines/BTCUSDT/1h/BTCUSDT-1h-2025-01.zip",
            to: "lake/spot/klines/symbol=BTCUSDT/interval=1h/2025-01.parquet", header: false, .us,
            """
            1735689600000000,93576.00000000,94509.42000000,93489.03000000,94401.14000000,755.99010000,1735693199999999,71086240.39283620,134253,377.13220000,35466230.12345670,0
            1735693200000000,94401.13000000,94408.72000000,93578.77000000,93607.74000000,586.53456000,1735696799999999,55146387.87654321,126500,235.95500000,22183222.00000000,0

            """),
        KindFile(
            "spot-agg-trades", "data/spot/daily/aggTrades/LTCBTC/LTCBTC-aggTrades-2024-01-02.zip",
            to: "lake/spot/aggTrades/symbol=LTCBTC/2024-01.parquet", header: false, .ms,
            """
            65432101,0.00163400,0.61200000,87654321,87654321,1704153600123,True,True
            65432102,0.00163500,12.00000000,87654322,87654329,1704153601999,False,True
            65432103,0.00163400,0.00100000,87654330,87654330,1704239999999,True,True

            """),
        KindFile(
            "spot-trades", "data/spot/daily/trades/LTCBTC/LTCBTC-trades-2025-03-04.zip",
            to: "lake/spot/trades/symbol=LTCBTC/2025-03.parquet", header: false, .us,
            """
            97654321,0.00121400,3.10000000,0.00376340,1741046400000001,True,True
            97654322,0.00121500,0.02000000,0.00002430,1741046400517025,False,True

            """),
        // One file without a header and one with, in the same partition; the second's rows are in the wrong order.
        KindFile(
            "um-klines", "data/futures/um/daily/klines/BTCUSDT/1h/BTCUSDT-1h-2022-08-10.zip",
            to: "lake/um/klines/symbol=BTCUSDT/interval=1h/2022-08.parquet", header: false, .ms,
            """
            1660089600000,23150.10,23201.90,23077.70,23140.00,9412.345,1660093199999,217812345.67890,76543,4512.001,104412345.98765,0

            """),
        KindFile(
            "um-klines", "data/futures/um/daily/klines/BTCUSDT/1h/BTCUSDT-1h-2022-08-11.zip",
            to: "lake/um/klines/symbol=BTCUSDT/interval=1h/2022-08.parquet", header: true, .ms,
            klineHeader + """
                1660179600000,23961.20,24088.00,23900.00,24001.10,18001.002,1660183199999,431812345.00010,156543,9512.5,228412345.5,0
                1660176000000,23950.10,24201.90,23877.70,23961.20,15412.345,1660179599999,367812345.67890,146543,8512.001,204412345.98765,0

                """),
        KindFile(
            "um-mark-price-klines",
            "data/futures/um/daily/markPriceKlines/BTCUSDT/1h/BTCUSDT-1h-2024-01-01.zip",
            to: "lake/um/markPriceKlines/symbol=BTCUSDT/interval=1h/2024-01.parquet", header: true, .ms,
            klineHeader + markBars),
        KindFile(
            "um-index-price-klines",
            "data/futures/um/monthly/indexPriceKlines/BTCUSDT/1h/BTCUSDT-1h-2024-01.zip",
            to: "lake/um/indexPriceKlines/symbol=BTCUSDT/interval=1h/2024-01.parquet", header: false, .ms,
            markBars),
        KindFile(
            "um-premium-index-klines",
            "data/futures/um/daily/premiumIndexKlines/BTCUSDT/1h/BTCUSDT-1h-2024-01-01.zip",
            to: "lake/um/premiumIndexKlines/symbol=BTCUSDT/interval=1h/2024-01.parquet", header: true, .ms,
            klineHeader + premiumBars),
        KindFile(
            "um-agg-trades", "data/futures/um/daily/aggTrades/ZENUSDT/ZENUSDT-aggTrades-2024-01-03.zip",
            to: "lake/um/aggTrades/symbol=ZENUSDT/2024-01.parquet", header: true, .ms,
            tradeHeader + """
                912345679,9.871,0.4,1123456790,1123456799,1704240000456,true
                912345678,9.870,1250.1,1123456789,1123456789,1704240000123,false

                """),
        KindFile(
            "um-trades", "data/futures/um/daily/trades/ZENUSDT/ZENUSDT-trades-2020-08-01.zip",
            to: "lake/um/trades/symbol=ZENUSDT/2020-08.parquet", header: false, .ms,
            """
            31415926,8.100,3.2,25.92,1596240000001,true
            31415930,8.101,1.0,8.101,1596250000001,false
            31415927,8.102,0.1,0.8102,1596240000007,true
            31415927,8.102,0.1,0.8102,1596240000007,true

            """),
        // Two stretches of time, interleaved.
        KindFile(
            "um-book-ticker", "data/futures/um/daily/bookTicker/ZENUSDT/ZENUSDT-bookTicker-2024-01-15.zip",
            to: "lake/um/bookTicker/symbol=ZENUSDT/2024-01.parquet", header: true, .ms,
            bookTickerHeader + """
                3700000000001,9.87000000,12.30000000,9.87100000,0.10000000,1705276800014,1705276800018
                3700000009001,9.99000000,1.00000000,9.99100000,44.70000000,1705350085394,1705350085401
                3700000000002,9.86900000,0.00000000,9.87100000,0.10000000,1705276800015,1705276800019
                3700000009002,9.99000000,1.10000000,9.99200000,5.00000000,1705350085402,1705350085409

                """),
        KindFile(
            "um-book-depth", "data/futures/um/daily/bookDepth/BTCUSDT/BTCUSDT-bookDepth-2024-01-05.zip",
            to: "lake/um/bookDepth/symbol=BTCUSDT/2024-01.parquet", header: true, .text,
            bookDepthHeader + """
                2024-01-05 00:00:04,-5.00,8746.10800000,375410301.00740000
                2024-01-05 00:00:04,-0.20,476.95300000,20870741.30630000
                2024-01-05 00:00:04,0.20,531.02400000,23334090.94100000
                2024-01-05 00:00:34,5.00,9001,396044044.00000001

                """),
        // Rows stand twice, and the last belongs to the next day.
        KindFile(
            "um-metrics", "data/futures/um/daily/metrics/BTCUSDT/BTCUSDT-metrics-2024-01-31.zip",
            to: "lake/um/metrics/symbol=BTCUSDT/2024-01.parquet", header: true, .text,
            metricsHeader + """
                2024-01-31 23:50:00,BTCUSDT,79513.5610000000000000,3408539305.1839000000000000,1.21791190,2.06913400,1.17124703,1.12654900
                2024-01-31 23:50:00,BTCUSDT,79513.5610000000000000,3408539305.1839000000000000,1.21791190,2.06913400,1.17124703,1.12654900
                2024-01-31 23:55:00,BTCUSDT,79351.0790000000000000,3399947582.0019000000000000,1.2279813012345678,2.085938,1.18010094,0.7309
                2024-02-01 00:00:00,BTCUSDT,79350.0000000000000000,3399900000.0000000000000000,1,2,1,1

                """),
        KindFile(
            "um-funding-rate", "data/futures/um/monthly/fundingRate/BTCUSDT/BTCUSDT-fundingRate-2024-01.zip",
            to: "lake/um/fundingRate/symbol=BTCUSDT/2024-01.parquet", header: true, .ms,
            fundingHeader + """
                1704067200000,8,0.00037409
                1704096000006,8,-0.00001000
                1704124800001,8,0.00010000

                """),
        KindFile(
            "cm-klines", "data/futures/cm/daily/klines/BTCUSD_PERP/1h/BTCUSD_PERP-1h-2023-10-27.zip",
            to: "lake/cm/klines/symbol=BTCUSD_PERP/interval=1h/2023-10.parquet", header: true, .ms,
            klineHeader + """
                1698364800000,34101.6,34102.5,33907.4,34004.2,409950,1698368399999,1202.90118037,15090,192200,564.10041453,0
                1698368400000,34004.2,34060.1,33706.4,33808.4,740900,1698371999999,2183.70671155,23900,368200,1085.10080793,0

                """),
        KindFile(
            "cm-klines", "data/futures/cm/daily/klines/BTCUSD_PERP/1h/BTCUSD_PERP-1h-2020-09-01.zip",
            to: "lake/cm/klines/symbol=BTCUSD_PERP/interval=1h/2020-09.parquet", header: false, .ms,
            "1598918400000,11650.1,11700,11600.0,11655.5,1000,1598921999999,8.58000000,77,500,4.29000000,0\n"),
        KindFile(
            "cm-mark-price-klines",
            "data/futures/cm/daily/markPriceKlines/BTCUSD_PERP/1h/BTCUSD_PERP-1h-2024-01-01.zip",
            to: "lake/cm/markPriceKlines/symbol=BTCUSD_PERP/interval=1h/2024-01.parquet", header: true, .ms,
            klineHeader + markBars),
        KindFile(
            "cm-index-price-klines",
            "data/futures/cm/daily/indexPriceKlines/BTCUSD/1h/BTCUSD-1h-2024-01-01.zip",
            to: "lake/cm/indexPriceKlines/symbol=BTCUSD/interval=1h/2024-01.parquet", header: true, .ms,
            klineHeader + markBars),
        KindFile(
            "cm-premium-index-klines",
            "data/futures/cm/monthly/premiumIndexKlines/BTCUSD_PERP/1h/BTCUSD_PERP-1h-2024-01.zip",
            to: "lake/cm/premiumIndexKlines/symbol=BTCUSD_PERP/interval=1h/2024-01.parquet", header: true,
            .ms,
            klineHeader + premiumBars),
        KindFile(
            "cm-agg-trades",
            "data/futures/cm/monthly/aggTrades/LTCUSD_PERP/LTCUSD_PERP-aggTrades-2024-01.zip",
            to: "lake/cm/aggTrades/symbol=LTCUSD_PERP/2024-01.parquet", header: true, .ms,
            tradeHeader + """
                51234567,73.12,10,61234567,61234568,1704067200321,false
                51234568,73.11,1,61234569,61234569,1706745599999,true

                """),
        KindFile(
            "cm-trades", "data/futures/cm/daily/trades/LTCUSD_PERP/LTCUSD_PERP-trades-2024-01-02.zip",
            to: "lake/cm/trades/symbol=LTCUSD_PERP/2024-01.parquet", header: true, .ms,
            """
            id,price,qty,base_qty,time,is_buyer_maker
            61234567,73.12,8,1.09409190,1704153600321,false
            61234568,73.12,2,0.27352297,1704153600322,true

            """),
        KindFile(
            "cm-book-ticker",
            "data/futures/cm/daily/bookTicker/LTCUSD_PERP/LTCUSD_PERP-bookTicker-2024-01-15.zip",
            to: "lake/cm/bookTicker/symbol=LTCUSD_PERP/2024-01.parquet", header: false, .ms,
            "800000000001,66.98000000,1200.00000000,66.99000000,15.00000000,1705276800114,1705276800120\n"),
        KindFile(
            "cm-book-depth",
            "data/futures/cm/daily/bookDepth/BTCUSD_PERP/BTCUSD_PERP-bookDepth-2024-01-05.zip",
            to: "lake/cm/bookDepth/symbol=BTCUSD_PERP/2024-01.parquet", header: true, .text,
            bookDepthHeader + """
                2024-01-05 23:59:36,-1.00,104200.00000000,238.45100000
                2024-01-05 23:59:36,1.00,99800.00000000,226.01000000

                """),
        // Empty ratios, in quotes.
        KindFile(
            "cm-metrics", "data/futures/cm/daily/metrics/BTCUSD_PERP/BTCUSD_PERP-metrics-2023-06-25.zip",
            to: "lake/cm/metrics/symbol=BTCUSD_PERP/2023-06.parquet", header: true, .text,
            metricsHeader + """
                2023-06-25 00:00:00,BTCUSD_PERP,5570000.00000000,18260.00911820,"","","",0.00850070
                2023-06-25 00:05:00,BTCUSD_PERP,5570209.00000000,18261.90608850,"","","",1.19605130
                2023-06-25 00:10:00,BTCUSD_PERP,5570401.00000000,18244.30306540,"1.5","2","0.7",""

                """),
        KindFile(
            "cm-funding-rate",
            "data/futures/cm/monthly/fundingRate/BTCUSD_PERP/BTCUSD_PERP-fundingRate-2023-06.zip",
            to: "lake/cm/fundingRate/symbol=BTCUSD_PERP/2023-06.parquet", header: true, .ms,
            fundingHeader + "1685577600011,8,0.00010000\n1685606400000,8,-0.00012345\n"),
        // Rows stand twice, and at one time there is another one.
        KindFile(
            "cm-liquidation-snapshot",
            "data/futures/cm/daily/liquidationSnapshot/BTCUSD_PERP/BTCUSD_PERP-liquidationSnapshot-2023-06-25.zip",
            to: "lake/cm/liquidationSnapshot/symbol=BTCUSD_PERP/2023-06.parquet", header: true, .ms,
            """
            time,side,order_type,time_in_force,original_quantity,price,average_price,order_status,last_fill_quantity,accumulated_fill_quantity
            1687656471926,BUY,LIMIT,IOC,7,30740.3,30630.6,FILLED,6,7
            1687656471926,BUY,LIMIT,IOC,7,30740.3,30630.6,FILLED,6,7
            1687656471926,SELL,LIMIT,IOC,1,30740.3,30630.6,FILLED,1,1
            1687656473356,BUY,LIMIT,IOC,43,30750.6,30630.6,FILLED,1,43

            """),
        KindFile(
            "option-bvol-index",
            "data/option/daily/BVOLIndex/BTCBVOLUSDT/BTCBVOLUSDT-BVOLIndex-2024-01-02.zip",
            to: "lake/option/BVOLIndex/symbol=BTCBVOLUSDT/2024-01.parquet", header: true, .ms,
            """
            calc_time,symbol,base_asset,quote_asset,index_value
            1704153600001,BTCBVOLUSDT,BTCBVOL,USDT,61.3172
            1704153601000,BTCBVOLUSDT,BTCBVOL,USDT,61.3170

            """),
        // The header ends with a comma, and so do the rows; much is empty.
        KindFile(
            "option-eoh-summary", "data/option/daily/EOHSummary/BTCUSDT/BTCUSDT-EOHSummary-2023-06-07.zip",
            to: "lake/option/EOHSummary/symbol=BTCUSDT/2023-06.parquet", header: true, .text,
            """
            date,hour,symbol,underlying,type,strike,open,high,low,close,volume_contracts,volume_usdt,best_bid_price,best_ask_price,best_bid_qty,best_ask_qty,best_buy_iv,best_sell_iv,mark_price,mark_iv,delta,gamma,vega,theta,openinterest_contracts,openinterest_usdt,
            2023-06-07,1,BTC-230608-26000-C,BTCUSDT,C,26000-C,400,410.5,390,405,1.25,506.25,400,410,2,3.5,0.55,0.61,404.1,0.58,0.51234567,0.00041,8.12,-77.001,15.5,402000.25,
            2023-06-07,0,BTC-230630-40000-P,BTCUSDT,P,40000-P,,,,,0,0,,,,,,,13712.4,0.6,-0.98,0.0000012,0.4,-1e-3,,,
            2023-06-07,0,BTC-230608-26000-C,BTCUSDT,C,26000-C,395,395,395,395,0.1,39.5,390,400,2,3,0.54,0.6,396,0.57,0.5,0.0004,8.1,-76,15.4,401000,

            """),
    ]
}
