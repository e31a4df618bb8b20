extension Recipe {
    /// Every field that can change an output, by name, sorted by name: what is recorded, compared and explained.
    ///
    /// A table's own name is left out: it is a label in the Datafile and changes no output.
    package var fields: [RecipeField] {
        var fields: [RecipeField]
        switch self {
        case .clean(let table): fields = table.recipeFields
        case .run(let command): fields = [RecipeField(name: "run", value: command.text)]
        }
        fields.sort { $0.name < $1.name }
        return fields
    }
}

extension Table {
    fileprivate var recipeFields: [RecipeField] {
        var fields = [
            RecipeField(name: "header", value: header.rawValue),
            RecipeField(name: "delimiter", value: String(UnicodeScalar(dialect.delimiter))),
            RecipeField(name: "quote", value: String(UnicodeScalar(dialect.quote))),
            RecipeField(name: "columns", value: columns.map(\.name).joined(separator: ",")),
            RecipeField(name: "sort", value: sort.joined(separator: ",")),
            RecipeField(name: "unique", value: unique.joined(separator: ",")),
            RecipeField(name: "every", value: every ?? ""),
            RecipeField(name: "checks", value: checks.map(\.text).joined(separator: "; ")),
            RecipeField(name: "bad-rows", value: badRows.rawValue),
            RecipeField(name: "parquet.bloom-filter", value: parquet.bloomFilter.joined(separator: ",")),
            RecipeField(name: "parquet.encodings", value: parquet.encodings.rawValue),
            RecipeField(name: "parquet.compression", value: parquet.compression.rawValue),
            RecipeField(name: "parquet.level", value: String(parquet.level)),
            RecipeField(name: "parquet.row-group-rows", value: String(parquet.rowGroupRows)),
        ]
        for column in columns {
            let name = "columns.\(column.name)"
            fields.append(RecipeField(name: "\(name).type", value: column.type.map(String.init) ?? "skip"))
            fields.append(RecipeField(name: "\(name).null", value: String(column.isNullable)))
            if !column.aliases.isEmpty {
                fields.append(
                    RecipeField(name: "\(name).aliases", value: column.aliases.joined(separator: ",")))
            }
        }
        return fields
    }
}
