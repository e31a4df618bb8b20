import Bytes
import Parquet

/// Where a Parquet file that is not as it was written is damaged, as far as the file itself tells.
///
/// - Parameter valueDigest: the digest of the values that were written, if it is known.
/// - Returns: nil where that cannot be told.
func parquetDamage(path: String, valueDigest: XXH3Digest?) -> String? {
    do {
        let report = try ParquetFile(path: path).check()
        guard let valueDigest else { return nil }
        if report.valueDigest == valueDigest {
            return "all values are as recorded; other bytes of the file are not"
        }
        return "a sound file, with other values than recorded"
    } catch let problem as ParquetReadingProblem {
        return problem.isDamage ? problem.placeAndFault : nil
    } catch {
        return nil
    }
}
