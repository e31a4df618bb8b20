/// Reads every table with each of its judges and compares it, value by value and bit by bit, with the raw slots.
///
/// NaNs count as equal whatever their payload. fastparquet gives decimals as floats: those are compared to 12
/// digits. Prints the tables judged; anything else printed is a difference.
let judgeScript = #"""
    import io, json, math, os, re, struct, sys, traceback, warnings, zlib
    os.environ.setdefault("POLARS_MAX_THREADS", "2")
    warnings.simplefilter("ignore")
    import decimal as decimals
    import numpy as np
    import pandas as pd
    import pyarrow as pa, pyarrow.parquet as pq, pyarrow.compute as pc
    import duckdb, polars as pl, fastparquet

    os.chdir(sys.argv[1])
    duckdb.execute("set threads = 2")
    duckdb.execute("set timezone = 'UTC'")
    decimals.getcontext().prec = 60
    differences = 0
    met = set()
    all_values = open("values.bin", "rb").read()

    def differ(table, *what):
        global differences
        differences += 1
        if differences < 30: print("DIFFERENT", table["file"], *what, "|", table["note"])

    def thrift(data, at=0):
        """A compact protocol struct as {field id: value}, and where it ends."""
        def varint():
            nonlocal at
            value = shift = 0
            while True:
                byte = data[at]; at += 1
                value |= (byte & 127) << shift; shift += 7
                if byte < 128: return value
        def integer():
            value = varint()
            return (value >> 1) ^ -(value & 1)
        def read(kind):
            nonlocal at
            if kind in (1, 2): return kind == 1
            if kind in (4, 5, 6): return integer()
            if kind == 8:
                size = varint(); at += size
                return data[at - size:at]
            if kind == 9:
                head = data[at]; at += 1
                size, element = head >> 4, head & 15
                if size == 15: size = varint()
                if element in (1, 2):
                    at += size
                    return [b == 1 for b in data[at - size:at]]
                return [read(element) for _ in range(size)]
            if kind == 12: return struct_()
            raise ValueError(f"thrift type {kind} at {at}")
        def struct_():
            nonlocal at
            fields, last = {}, 0
            while data[at] != 0:
                head = data[at]; at += 1
                last = last + (head >> 4) if head >> 4 else integer()
                fields[last] = read(head & 15)
            at += 1
            return fields
        return struct_(), at

    def decimal(type):
        m = re.match(r"decimal\((\d+),(\d+)\)", type)
        return (int(m[1]), int(m[2])) if m else None

    def arrow_type(type):
        d = decimal(type)
        if d: return pa.decimal128(*d)
        return {"int32": pa.int32(), "int64": pa.int64(), "float32": pa.float32(), "float64": pa.float64(), "bool": pa.bool_(),
                "date": pa.date32(), "timestamp": pa.timestamp("us", "UTC"), "text": pa.large_string()}[type]

    def expected(table, index):
        """The column as an Arrow array made from the raw slots, without any Parquet in between."""
        column = table["columns"][index]
        type, (start, validity, text, end) = column["type"], column["offsets"]
        raw = all_values[start:validity]
        valid = np.frombuffer(all_values[validity:text], "u1").astype(bool)
        d = decimal(type)
        count = len(valid)
        mask = pa.py_buffer(np.packbits(valid, bitorder="little").tobytes())
        if d:
            if d[0] <= 18:
                low = np.frombuffer(raw, "<i8")
                raw = np.stack([low, low >> 63], axis=1).astype("<i8").tobytes()
            buffers = [mask, pa.py_buffer(raw)]
        elif type == "text":
            offsets = np.concatenate([[0], np.cumsum(np.frombuffer(raw, "<u4").astype("<i8"))]).astype("<i8")
            buffers = [mask, pa.py_buffer(offsets.tobytes()), pa.py_buffer(all_values[text:end])]
        elif type == "bool":
            buffers = [mask, pa.py_buffer(np.packbits(np.frombuffer(raw, "u1"), bitorder="little").tobytes())]
        else:
            buffers = [mask, pa.py_buffer(raw)]
        array = pa.Array.from_buffers(arrow_type(type), count, buffers)
        array.validate(full=True)
        return array

    def same(a, b):
        if len(a) != len(b) or a.null_count != b.null_count: return False
        if pa.types.is_floating(a.type):
            if not a.is_valid().equals(b.is_valid()): return False
            x, y = (v.drop_null().to_numpy(zero_copy_only=False) for v in (a, b))
            bits = "u%d" % x.dtype.itemsize
            return bool(((x.view(bits) == y.view(bits)) | (np.isnan(x) & np.isnan(y))).all())
        return a.equals(b)

    def whole(column, type):
        column = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
        return column.cast(arrow_type(type))

    def read_pyarrow(table, file):
        return pq.read_table(file, page_checksum_verification=True, memory_map=False)

    def read_duckdb(table, file):
        return duckdb.execute(f"select * from read_parquet('{file}')").to_arrow_table()

    def read_polars(table, file):
        return pl.read_parquet(file, use_statistics=True).to_arrow()

    def judge_arrow(table, judge, got, want):
        if got.num_rows != sum(table["rowGroups"]) or got.num_columns != len(table["columns"]):
            return differ(table, judge, "shape", got.shape)
        for index, column in enumerate(table["columns"]):
            try:
                array = whole(got.column(index), column["type"])
            except Exception as problem:
                differ(table, judge, column["name"], got.schema.field(index).type, repr(problem)[:200])
                continue
            if got.schema.names[index] != column["name"] or not same(array, want[index]):
                differ(table, judge, column["name"], column)

    def judge_fastparquet(table, file, want):
        meta = pq.read_metadata(file)
        chunks = [meta.row_group(g).column(c) for g in range(meta.num_row_groups) for c in range(meta.num_columns)]
        if any("BYTE_STREAM_SPLIT" in chunk.encodings for chunk in chunks):
            try:
                fastparquet.ParquetFile(file).to_pandas()
                differ(table, "fastparquet", "reads BYTE_STREAM_SPLIT")
            except NotImplementedError: pass
            return
        frame = fastparquet.ParquetFile(file).to_pandas()
        if len(frame) != sum(table["rowGroups"]): return differ(table, "fastparquet", "rows", len(frame))
        for index, column in enumerate(table["columns"]):
            series, expect, type = frame[column["name"]], want[index], column["type"]
            valid = expect.is_valid().to_numpy(zero_copy_only=False)
            try:
                if type in ("float32", "float64"):
                    got, value = series.to_numpy("f8"), expect.fill_null(float("nan")).to_numpy(zero_copy_only=False).astype("f8")
                    ok = ((got.view("u8") == value.view("u8")) | (np.isnan(got) & np.isnan(value))).all()
                elif decimal(type):
                    value = np.array([float("nan") if v is None else float(v) for v in expect.to_pylist()])
                    ok = np.allclose(series.to_numpy("f8"), value, rtol=1e-12, atol=0, equal_nan=True)
                elif type == "text":
                    got = [None if v is None or v is pd.NA or v != v else v for v in series.tolist()]
                    ok = got == expect.to_pylist()
                else:
                    ok = (series.isna().to_numpy() == ~valid).all()
                    got = series[valid]
                    if type == "date": got = got.astype("datetime64[s]").to_numpy().astype("datetime64[D]").astype("i8")
                    elif type == "timestamp": got = got.to_numpy("datetime64[us]").astype("i8")
                    else: got = got.to_numpy({"bool": "?", "int32": "i4", "int64": "i8"}[type])
                    value = expect.drop_null()
                    if type == "date": value = value.cast(pa.int32())
                    if type == "timestamp": value = value.cast(pa.int64())
                    ok = ok and (got == value.to_numpy(zero_copy_only=False)).all()
            except Exception as problem:
                ok = False
                differ(table, "fastparquet", column["name"], series.dtype, repr(problem)[:200])
            if not ok: differ(table, "fastparquet", column["name"], column, series.dtype)

    def plain(value, type, d):
        """A statistics value's bytes as a Python value that compares in column order."""
        if d: return int.from_bytes(value, "big" if d[0] > 18 else "little", signed=True)
        if type == "text": return value
        if type == "bool": return bool(value[0])
        return struct.unpack({"int32": "<i", "date": "<i", "int64": "<q", "timestamp": "<q", "float32": "<f", "float64": "<d"}[type], value)[0]

    def comparable(array, type, d):
        """The values without nulls and NaNs, as plain() gives bounds."""
        array = array.drop_null()
        if d: return [int(v.scaleb(d[1])) for v in array.to_pylist()]
        if type == "text": return [v.encode() for v in array.to_pylist()]
        if type in ("timestamp", "date"): array = array.cast(pa.int64() if type == "timestamp" else pa.int32())
        values = array.to_pylist()
        return [v for v in values if v == v] if type.startswith("float") else values

    def encloses(low, high, values, type, exact):
        if not values: return False
        if type == "text" and not exact: return low <= min(values) and max(values) <= high
        return low == min(values) and high == max(values)

    def judge_metadata(table, file, want):
        data = open(file, "rb").read()
        meta = pq.read_metadata(file)
        if [meta.row_group(i).num_rows for i in range(meta.num_row_groups)] != table["rowGroups"]: differ(table, "row groups")
        footer, end = thrift(data, len(data) - 8 - int.from_bytes(data[-8:-4], "little"))
        if end != len(data) - 8: differ(table, "footer length")
        pairs = [(pair[1], pair[2]) for pair in footer.get(5, [])]
        if pairs != [(k.encode(), v.encode()) for k, v in table["metadata"]] or (meta.metadata or {}) != dict(pairs):
            differ(table, "key-value metadata", pairs)
        for g, group in enumerate(footer[4]):
            sorting = [(s.column_index, s.descending, s.nulls_first) for s in meta.row_group(g).sorting_columns]
            if sorting != [(s["column"], s["isDescending"], s["nullsFirst"]) for s in table["sorting"]]:
                differ(table, "sorting columns", sorting)
            if group[2] != sum(c[3][6] for c in group[1]) or group[6] != sum(c[3][7] for c in group[1]):
                differ(table, "row group sizes")
            first = sum(table["rowGroups"][:g])
            for index, chunk in enumerate(group[1]):
                column, type = table["columns"][index], table["columns"][index]["type"]
                d = decimal(type)
                part = want[index].slice(first, table["rowGroups"][g])
                md = meta.row_group(g).column(index)
                met.update(md.encodings)
                values = comparable(part, type, d)
                stats = md.statistics
                if stats is None or stats.null_count != part.null_count: differ(table, column["name"], "null count", stats)
                raw = chunk[3][12]
                if (6 in raw) != bool(values): differ(table, column["name"], "bounds there or not")
                elif values:
                    low, high = (plain(v, type, d) for v in (raw[6], raw[5]))
                    exact = not (type == "text" and max(len(v) for v in values) > 64)
                    if not encloses(low, high, values, type, exact): differ(table, column["name"], "bounds", low, high)
                    if raw[8] != (low == min(values)) or raw[7] != (high == max(values)): differ(table, column["name"], "exactness")
                    if type == "text": (low + b"" + high).decode()
                    if stats.has_min_max and type in ("int32", "int64", "text", "float32", "float64"):
                        seen = [v.encode() if type == "text" else v for v in (stats.min, stats.max)]
                        if seen != [low, high]: differ(table, column["name"], "pyarrow's bounds", seen, low, high)
                    if type.startswith("float") and (low == 0 and not np.signbit(low) or high == 0 and np.signbit(high)):
                        differ(table, column["name"], "sign of zero", low, high)
                    if type != "text" and not type.startswith("float") and not d and not stats.has_min_max: differ(table, "pyarrow sees no bounds")
                if type.startswith("float"):
                    nans = int(pc.sum(pc.is_nan(part)).as_py() or 0)
                    if raw.get(9) != nans: differ(table, column["name"], "NaN count", raw.get(9), nans)
                elif 9 in raw: differ(table, column["name"], "NaN count there")
                judge_pages(table, data, chunk, column, type, d, part)
                judge_bloom_filter(table, file, data, g, chunk, column, type, d, part)

    def judge_pages(table, data, chunk, column, type, d, part):
        offsets, end = thrift(data, chunk[4])
        if end != chunk[4] + chunk[5]: differ(table, column["name"], "offset index length")
        pages = [(p[1], p[2], p[3]) for p in offsets[1]]
        starts = [first for _, _, first in pages] + [len(part)]
        position = chunk[3].get(11, chunk[3][9])
        index = None
        if 6 in chunk:
            index, end = thrift(data, chunk[6])
            if end != chunk[6] + chunk[7]: differ(table, column["name"], "column index length")
            if any(len(index[field]) != len(pages) for field in (1, 2, 3, 5)):
                return differ(table, column["name"], "column index lengths")
        lows, highs, all_nan = [], [], False
        uncompressed = 0
        if 11 in chunk[3]:
            header, start = thrift(data, chunk[3][11])
            uncompressed = header[2] + start - chunk[3][11]
        for number, (offset, size, _) in enumerate(pages):
            rows = part.slice(starts[number], starts[number + 1] - starts[number])
            values = comparable(rows, type, d)
            header, start = thrift(data, offset)
            payload = data[start:offset + size]
            uncompressed += header[2] + start - offset
            if header[3] != len(payload): differ(table, column["name"], "page size")
            if zlib.crc32(payload) != header[4] & 0xFFFFFFFF: differ(table, column["name"], "crc")
            if (header.get(5) or header.get(8))[1] != len(rows): differ(table, column["name"], "page rows")
            all_nan = all_nan or (not values and rows.null_count < len(rows))
            if index is None: continue
            if index[1][number] != (rows.null_count == len(rows)): differ(table, column["name"], "null page")
            if index[5][number] != rows.null_count: differ(table, column["name"], "null count of page")
            if type.startswith("float") and index[8][number] != (pc.sum(pc.is_nan(rows)).as_py() or 0):
                differ(table, column["name"], "NaN count of page")
            if values:
                low, high = (plain(b, type, d) for b in (index[2][number], index[3][number]))
                exact = not (type == "text" and max(len(v) for v in values) > 64)
                if not encloses(low, high, values, type, exact): differ(table, column["name"], "page bounds", low, high)
                if type == "text": low.decode(), high.decode()
                lows.append(low); highs.append(high)
        if (index is None) != all_nan: differ(table, column["name"], "column index there or not")
        if index is not None:
            rising = lows == sorted(lows) and highs == sorted(highs)
            falling = lows == sorted(lows, reverse=True) and highs == sorted(highs, reverse=True)
            right = (not rising and not falling, rising, falling)[index[4]]
            if not right: differ(table, column["name"], "boundary order")
        if pages[-1][0] + pages[-1][1] - position != chunk[3][7]:
            differ(table, column["name"], "chunk size")
        if uncompressed != chunk[3][6]: differ(table, column["name"], "uncompressed size")

    def judge_bloom_filter(table, file, data, group, chunk, column, type, d, part):
        """A filter has the bits that pyarrow sets in one of that size for the same values."""
        if column["hasBloomFilter"] != (14 in chunk[3]): return differ(table, column["name"], "bloom filter there or not")
        if 14 not in chunk[3]: return
        def filter(data, meta):
            header, start = thrift(data, meta[14])
            if start + header[1] != meta[14] + meta[15]: differ(table, column["name"], "bloom filter length")
            return np.frombuffer(data[start:start + header[1]], "u1")
        bits = filter(data, chunk[3])
        array = part
        if d and d[0] <= 18: array = pa.array([None if v is None else int(v.scaleb(d[1])) for v in part.to_pylist()], pa.int64())
        if d and d[0] > 18: array = part.cast(pa.decimal128(38, d[1]))
        # The probability by which pyarrow gives one value that many bits.
        probability = (1 - math.exp(-8 / (len(bits) * 8 * 0.75))) ** 8
        sink = io.BytesIO()
        pq.write_table(pa.table({"v": array}), sink, store_schema=False, row_group_size=len(array), bloom_filter_options={
            "v": {"ndv": 1, "fpp": probability}})
        other = sink.getvalue()
        theirs = filter(other, thrift(other, len(other) - 8 - int.from_bytes(other[-8:-4], "little"))[0][4][0][1][0][3])
        if len(theirs) != len(bits): return differ(table, column["name"], "size of pyarrow's bloom filter", len(theirs), len(bits))
        twins = type.startswith("float") and any(v is not None and (v == 0 or v != v) for v in part.to_pylist())
        if (theirs & ~bits).any() or not twins and (theirs != bits).any(): differ(table, column["name"], "bloom filter")
        values = part.drop_null()
        if type in ("int32", "int64", "text", "float32", "float64") and len(values):
            value = values[len(values) // 2].as_py()
            excluded = duckdb.execute("select bloom_filter_excludes from parquet_bloom_probe(?, ?, ?) where row_group_id = ?",
                                      [file, column["name"], value, group]).fetchall()
            if excluded != [(False,)]: differ(table, column["name"], "duckdb's probe", value, excluded)

    def judge_filters(table, file, want):
        """Readers that skip by statistics, page indexes and bloom filters must find as many rows as there are."""
        columns = [i for i, column in enumerate(table["columns"]) if len(want[i].drop_null())]
        if not columns: return
        index = columns[int(table["file"][1:]) % len(columns)]
        name, type, values = table["columns"][index]["name"], table["columns"][index]["type"], want[index].drop_null()
        # fetching and comparing floats: DuckDB and Polars hold NaN for the largest number, pyarrow for none.
        nans = int(pc.sum(pc.is_nan(values)).as_py() or 0) if type.startswith("float") else 0
        quoted = '"' + name.replace('"', '""') + '"'
        pivots = [values[len(values) // 2]]
        if type in ("int32", "int64"): pivots.append(pa.scalar(pivots[0].as_py() ^ 5, values.type))
        if type == "text": pivots.append(pa.scalar(pivots[0].as_py() + "!", values.type))
        if type.startswith("float"): pivots.append(pa.scalar(0.0, values.type))
        for pivot in pivots:
            value = pivot.as_py()
            if value != value: continue
            for sign, operation in (("=", pc.equal), (">=", pc.greater_equal), ("<", pc.less)):
                count = pc.sum(operation(values, pivot)).as_py()
                total = count + (nans if sign == ">=" else 0)
                cast = {"date": "date", "timestamp": "timestamptz", "bool": "boolean", "text": "varchar", "int32": "integer",
                        "int64": "bigint", "float32": "float", "float64": "double"}.get(type, type)
                got = duckdb.execute(f"select count(*) from read_parquet('{file}') where {quoted} {sign} ?::{cast}", [value]).fetchone()[0]
                if got != total: differ(table, "duckdb filter", name, sign, value, got, total)
                if type == "bool" and sign != "=": continue
                column = pl.col(name)
                literal = pl.lit(value, dtype={"float32": pl.Float32, "float64": pl.Float64, "int32": pl.Int32, "int64": pl.Int64}.get(type))
                condition = {"=": column == literal, ">=": column >= literal, "<": column < literal}[sign]
                got = pl.scan_parquet(file).filter(condition).select(pl.len()).collect().item()
                if got != total: differ(table, "polars filter", name, sign, value, got, total)
                got = pq.read_table(file, columns=[name], filters=pc_field(name, sign, pivot), page_checksum_verification=True).num_rows
                if got != count: differ(table, "pyarrow filter", name, sign, value, got, count)
        got = duckdb.execute(f"select count(*) from read_parquet('{file}') where {quoted} is null").fetchone()[0]
        if got != want[index].null_count: differ(table, "duckdb nulls", name, got)

    def pc_field(name, sign, pivot):
        field = pc.field(name)
        pivot = pivot.cast(pa.string()) if pa.types.is_large_string(pivot.type) else pivot
        return {"=": field == pivot, ">=": field >= pivot, "<": field < pivot}[sign]

    tables = json.load(open("tables.json"))
    for table in tables:
        file = table["file"] + ".parquet"
        want = [expected(table, index) for index in range(len(table["columns"]))]
        for judge in table["judges"]:
            try:
                if judge == "fastparquet":
                    judge_fastparquet(table, file, want)
                else:
                    read = {"pyarrow": read_pyarrow, "duckdb": read_duckdb, "polars": read_polars}[judge]
                    judge_arrow(table, judge, read(table, file), want)
            except Exception as problem:
                differ(table, judge, repr(problem)[:300])
        for judge in (judge_metadata, judge_filters):
            try:
                judge(table, file, want)
            except Exception as problem:
                differ(table, judge.__name__, traceback.format_exc()[-600:])
    print(f"judged {len(tables)} tables in {' '.join(sorted(met))}" if differences == 0 else f"{differences} differences")
    """#
