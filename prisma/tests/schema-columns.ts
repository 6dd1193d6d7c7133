// Reads schema.prisma as a list of columns, so that it can be laid beside the database. Knows the types that this schema uses and refuses others.

export interface Column {
  /** table.column */
  path: string;
  /** As Postgres spells it. */
  type: string;
  required: boolean;
}

const TYPES: Record<string, string> = {
  String: "text",
  "String @db.Uuid": "uuid",
  Int: "integer",
  "Int @db.SmallInt": "smallint",
  BigInt: "bigint",
  Boolean: "boolean",
  Json: "jsonb",
  Bytes: "bytea",
  "DateTime @db.Timestamptz(6)": "timestamp(6) with time zone",
  "DateTime @db.Date": "date",
  "Float @db.DoublePrecision": "double precision",
  'Unsupported("xid8")': "xid8",
};

/** Every column of every model; relation fields are not columns. Throws for a type that it does not know. */
export function modelColumns(schema: string): Column[] {
  const models = [...schema.matchAll(/^model (\w+) \{\n([\s\S]*?)^\}/gm)];
  const names = new Set(models.map((model) => model[1]));
  return models.flatMap(([, model, body = ""]) =>
    [...body.matchAll(/^ {2}(\w+) +(\w+(?:\("\w+"\))?)(\[\]|\?)?(.*)$/gm)]
      .filter(([, , type]) => !names.has(type))
      .map(([, field, type = "", many, attributes = ""]) => {
        const native = /@db\.\w+(?:\([\d, ]+\))?/.exec(attributes)?.[0];
        const key = native === undefined ? type : `${type} ${native}`;
        const sized = /^(?:Decimal @db\.Decimal|String @db\.Char)\(([\d, ]+)\)$/.exec(key)?.[1]?.replaceAll(" ", "");
        const base = sized === undefined ? TYPES[key] : `${type === "Decimal" ? "numeric" : "character"}(${sized})`;
        if (base === undefined) throw new Error(`${model}.${field}: no Postgres type is known for ${key}`);
        return { path: `${model}.${field}`, type: many === "[]" ? `${base}[]` : base, required: many === undefined };
      }),
  );
}
