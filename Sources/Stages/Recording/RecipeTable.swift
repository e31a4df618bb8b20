import Bytes
import Foundation
import GRDB
import Graph

/// The fields of recipes: few recipes make very many actions, so each list is kept once.
final class RecipeTable {
    private var fields: [Int64: [RecipeField]] = [:]
    private var numbers: [XXH3Digest: Int64] = [:]
    /// By rule: what it was last recorded with. Arrays that share their storage compare at once.
    private var latest: [String: (fields: [RecipeField], number: Int64)] = [:]

    func reset() {
        fields = [:]
        numbers = [:]
        latest = [:]
    }

    func number(of recipe: [RecipeField], rule: String, in database: Database) throws -> Int64 {
        if let known = latest[rule], known.fields == recipe { return known.number }
        // Pairs in an array: the order of fields is part of the record, and nothing depends on a dictionary's.
        let json = try JSONEncoder().encode(recipe.map { [$0.name, $0.value] })
        let digest = XXH3Digest(of: json)
        let number = try numbers[digest] ?? find(digest, in: database) ?? insert(digest, json, in: database)
        numbers[digest] = number
        fields[number] = recipe
        latest[rule] = (recipe, number)
        return number
    }

    /// The fields of that number; nil where the row is gone or damaged.
    func recipe(_ number: Int64, in database: Database) throws -> [RecipeField]? {
        if let known = fields[number] { return known }
        let rows = try SQLStatement(database, "SELECT digest, fields FROM recipe WHERE id = ?")
        try rows.bind(1, number)
        guard try rows.step() else { return nil }
        let json = unsafe Data(rows.bytes(1))
        guard unsafe XXH3Digest(bytes: rows.bytes(0)) == XXH3Digest(of: json),
            let pairs = try? JSONDecoder().decode([[String]].self, from: json),
            pairs.allSatisfy({ $0.count == 2 })
        else { return nil }
        let recipe = pairs.map { RecipeField(name: $0[0], value: $0[1]) }
        fields[number] = recipe
        return recipe
    }

    private func find(_ digest: XXH3Digest, in database: Database) throws -> Int64? {
        let rows = try SQLStatement(database, "SELECT id, digest FROM recipe WHERE digest = ?")
        try rows.bind(1, digest.bytes)
        guard try rows.step() else { return nil }
        let number = rows.integer(0)
        guard try recipe(number, in: database) != nil, unsafe XXH3Digest(bytes: rows.bytes(1)) == digest
        else {
            throw DatabaseError(resultCode: .SQLITE_CORRUPT, message: "a recipe does not have its digest")
        }
        return number
    }

    private func insert(_ digest: XXH3Digest, _ json: Data, in database: Database) throws -> Int64 {
        let insert = try SQLStatement(database, "INSERT INTO recipe(digest, fields) VALUES (?, ?)")
        try insert.bind(1, digest.bytes)
        try insert.bind(2, String(decoding: json, as: UTF8.self))
        try insert.run()
        return database.lastInsertedRowID
    }
}
