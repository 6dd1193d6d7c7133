// `calc`: every public function of finance and a pair's screening, by name, from JSON to JSON. No stack is needed.
import { EvergreenError } from "@evergreen-fund/domain/errors.ts";
import { type Command, text } from "../command.ts";
import { jsonDocument, table } from "../output.ts";

export const calcCommands: readonly Command[] = [
  {
    path: "calc",
    summary: "Computes one function by its name, such as those of the finance package: JSON on stdin, JSON out",
    arguments: [{ name: "[name]", about: "name of the function" }],
    options: [
      { flags: "--list", about: "the names there are" },
      { flags: "--schema <name>", about: "JSON schemas of a function's input and output, with an input that works" },
    ],
    examples: ["calc --list", "calc --schema liquidity-coverage", "calc liquidity-coverage < input.json"],
    run: async (context, args, options) => {
      const { CALCULATIONS, calculationNamed, calculationSchema } = await import("../calculations.ts");
      const asked = [args[0], options.list, options.schema].filter((given) => given !== undefined);
      if (asked.length !== 1) throw new EvergreenError("EG400", "Give a function's name, or --list, or --schema NAME.");
      if (options.list) {
        const rows = CALCULATIONS.map(({ name, summary, source }) => ({ name, summary, source }));
        return {
          json: rows,
          text: table(rows, [
            { header: "Function", value: (row) => row.name },
            { header: "What it computes", value: (row) => row.summary, most: 140 },
            { header: "Source", value: (row) => row.source, most: 60 },
          ]),
        };
      }
      const schemaOf = text(options, "schema");
      if (schemaOf !== undefined) {
        const { name, summary, source, example } = calculationNamed(schemaOf);
        const schema = { name, summary, source, ...calculationSchema(schemaOf), example };
        return { json: schema, text: jsonDocument(schema) };
      }
      const calculation = calculationNamed(args[0] ?? "");
      const result = await calculation.run(await context.inputJson());
      return { json: result, text: jsonDocument(result) };
    },
  },
];
