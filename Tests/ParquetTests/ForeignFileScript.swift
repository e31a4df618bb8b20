/// Writes files with pyarrow, DuckDB and Polars, and beside each what is in it: raw slots, validity and text lengths.
let foreignFileScript = #"""
    import datetime, decimal as decimals, json, os, random, re, sys
    os.environ.setdefault("POLARS_MAX_THREADS", "2")
    import numpy as np
    import pyarrow as pa, pyarrow.parquet as pq, pyarrow.compute as pc

    os.chdir(sys.argv[1])
    tables = []

    def our_type(type):
        if pa.types.is_decimal(type): return f"decimal({type.precision},{type.scale})"
        if pa.types.is_timestamp(type): return "timestamp"
        if pa.types.is_string(type) or pa.types.is_large_string(type): return "text"
        if pa.types.is_date(type): return "date"
        if pa.types.is_integer(type): return "int64" if type.bit_width == 64 else "int32"
        return {"float": "float32", "double": "float64", "bool": "bool"}[str(type)]

    def dump(name, table, note, nullable=None):
        """Notes what `name`.parquet holds: `table`, whose fields are nullable as its schema or `nullable` says."""
        columns = []
        for index, field in enumerate(table.schema):
            array = table.column(index).combine_chunks()
            if isinstance(array, pa.ChunkedArray): array = array.chunk(0) if array.num_chunks else pa.array([], field.type)
            valid = array.is_valid().to_numpy(zero_copy_only=False).astype("u1")
            text, type = b"", our_type(field.type)
            if type == "text":
                values = [(v or "").encode() for v in array.to_pylist()]
                slots, text = np.array([len(v) for v in values], "<u4").tobytes(), b"".join(values)
            elif type == "bool":
                slots = array.fill_null(False).to_numpy(zero_copy_only=False).astype("u1").tobytes()
            elif pa.types.is_decimal(field.type):
                width = 8 if field.type.precision <= 18 else 16
                slots = b"".join(
                    (0 if v is None else int(v.scaleb(field.type.scale, decimals.Context(prec=60)))).to_bytes(width, "little", signed=True)
                    for v in array.to_pylist())
            elif type == "timestamp":
                array = array.cast(pa.int64())
                unit = field.type.unit
                array = pc.multiply(array, 1000) if unit == "ms" else pc.divide(array, 1000) if unit == "ns" else array
                slots = array.fill_null(0).to_numpy().astype("<i8").tobytes()
            elif type == "date":
                slots = array.cast(pa.int32()).fill_null(0).to_numpy().astype("<i4").tobytes()
            else:
                kind = {"int32": "<i4", "int64": "<i8", "float32": "<f4", "float64": "<f8"}[type]
                slots = array.fill_null(0).to_numpy(zero_copy_only=False).astype(kind).tobytes()
            for suffix, data in (("slots", slots), ("valid", valid.tobytes()), ("text", text)):
                open(f"{name}.{index}.{suffix}", "wb").write(data)
            columns.append({"name": field.name, "type": type, "isNullable": field.nullable if nullable is None else nullable})
        tables.append({"file": name, "columns": columns, "note": note})

    def values(random, type, count, nulls, few):
        """A random column; with `few`, of few distinct values."""
        pool = 5 if few else 1 << 60
        def one():
            n = random.randrange(pool) - pool // 2
            if pa.types.is_decimal(type): return decimals.Decimal(n % 10 ** min(type.precision, 18) * (10 ** max(0, type.precision - 18))).scaleb(-type.scale, decimals.Context(prec=60)) * random.choice([1, -1])
            if pa.types.is_timestamp(type):
                return datetime.datetime(2024, 1, 1, tzinfo=datetime.timezone.utc if type.tz else None) + datetime.timedelta(seconds=n % 10 ** 8, milliseconds=n % 1000)
            if pa.types.is_date(type): return datetime.date(2000, 1, 1) + datetime.timedelta(days=n % 20000)
            if pa.types.is_floating(type): return np.float32(n % 10 ** 6 / 64).item()
            if pa.types.is_boolean(type): return n % 3 == 0
            if pa.types.is_string(type): return random.choice(["", "ä", "BTC", "币安", "x" * 30]) + (str(n) if not few else "")
            width = type.bit_width
            return n if few else n % (1 << (width - 1)) * (1 if random.random() < 0.5 else -1) % (1 << (width - 1))
        return pa.array([None if random.random() < nulls else one() for _ in range(count)], type)

    types = [
        pa.int8(), pa.int16(), pa.uint8(), pa.uint16(), pa.int32(), pa.int64(), pa.float32(), pa.float64(), pa.bool_(), pa.string(), pa.date32(),
        pa.timestamp("us", "UTC"), pa.timestamp("ms", "UTC"), pa.timestamp("ns", "UTC"), pa.timestamp("us"), pa.decimal128(7, 2), pa.decimal128(18, 8), pa.decimal128(19, 0), pa.decimal128(38, 10)]

    def signed(type): return type not in (pa.uint8(), pa.uint16())

    def random_table(seed, count, chosen=types):
        source = random.Random(seed)
        fields, columns = [], []
        for index, type in enumerate(chosen):
            nulls = source.choice([0, 0, 0.1, 0.6, 1])
            if not signed(type):
                columns.append(pa.array([source.randrange(200) for _ in range(count)], type)); nulls = 0
            else:
                columns.append(values(source, type, count, nulls, source.random() < 0.5))
            fields.append(pa.field(f"{index} {type}", type, nullable=nulls > 0 or source.random() < 0.5))
        return pa.table(columns, schema=pa.schema(fields))

    seed = 0
    for count in (0, 1, 9, 1000, 5000):
        for compression in ("zstd", "gzip", "none", "snappy"):
            for version in ("1.0", "2.0"):
                seed += 1
                table = random_table(seed, count)
                options = dict(
                    compression=compression, data_page_version=version, use_dictionary=seed % 3 != 0, row_group_size=[10 ** 6, 700][seed % 2],
                    data_page_size=[10 ** 6, 500][seed // 2 % 2], write_batch_size=100, write_page_index=seed % 2 == 0, write_page_checksum=seed % 4 < 2,
                    dictionary_pagesize_limit=[10 ** 6, 200][seed // 4 % 2], store_decimal_as_integer=seed % 5 == 0, version="2.6")
                pq.write_table(table, f"a{seed}.parquet", **options)
                dump(f"a{seed}", table, f"pyarrow {options}")

    plain = {
        "BYTE_STREAM_SPLIT": [pa.int32(), pa.int64(), pa.float32(), pa.float64(), pa.decimal128(19, 2), pa.decimal128(7, 2)],
        "DELTA_BINARY_PACKED": [pa.int32(), pa.int64(), pa.timestamp("us"), pa.date32(), pa.int8()],
        "DELTA_LENGTH_BYTE_ARRAY": [pa.string()], "DELTA_BYTE_ARRAY": [pa.string()], "RLE": [pa.bool_()], "PLAIN": types}
    for encoding, chosen in plain.items():
        for version in ("1.0", "2.0"):
            for count in (0, 1, 33, 129, 4000):
                seed += 1
                table = random_table(seed, count, chosen)
                options = dict(
                    data_page_version=version, use_dictionary=False, column_encoding={f.name: encoding for f in table.schema}, data_page_size=2000,
                    compression=["zstd", "none"][seed % 2], version="2.6")
                pq.write_table(table, f"e{seed}.parquet", **options)
                dump(f"e{seed}", table, f"pyarrow {options}")

    import duckdb
    duckdb.execute("set threads = 2")
    for compression in ("zstd", "gzip", "uncompressed", "snappy"):
        for version in ("v1", "v2"):
            for count in (1, 1000, 6000):
                seed += 1
                arrow_table = table = random_table(seed, count, [t for t in types if t != pa.timestamp("ns", "UTC")])
                name = f"d{seed}.parquet"
                duckdb.execute(f"copy (select * from arrow_table) to '{name}' (format parquet, compression {compression}, row_group_size 2048, parquet_version {version})")
                dump(f"d{seed}", table, f"duckdb {compression} {version} {count}", nullable=True)

    import polars as pl
    for compression in ("zstd", "gzip", "uncompressed", "snappy"):
        for statistics in (True, False):
            for count in (1, 1000, 6000):
                seed += 1
                table = random_table(seed, count)
                pl.from_arrow(table).write_parquet(
                    f"p{seed}.parquet", compression=compression, statistics=statistics, row_group_size=2500, data_page_size=4000)
                dump(f"p{seed}", table, f"polars {compression} {statistics} {count}", nullable=True)

    json.dump(tables, open("tables.json", "w"))
    """#
