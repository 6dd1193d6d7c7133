// `calc`: every public function of finance, by name, from JSON to JSON. No stack is needed.
import { EvergreenError } from "@evergreen-fund/domain/errors.ts";
import { z } from "zod";
import { type Command, text } from "../command.ts";
import { plain, table } from "../output.ts";

export const calcCommands: readonly Command[] = [
  {
    path: "calc",
    summary: "Computes one function of the finance package: JSON on stdin, JSON out",
    arguments: [{ name: "[name]", about: "name of the function" }],
    options: [
      { flags: "--list", about: "the names there are" },
      { flags: "--schema <name>", about: "JSON schema of a function's input and output" },
    ],
    examples: ["calc --list", "calc --schema liquidityCoverage", "calc liquidityCoverage < input.json"],
    run: async (context, args, options) => {
      const { CALCULATIONS } = await import("@evergreen-fund/finance/calc.ts");
      const asked = [args[0], options.list, options.schema].filter((given) => given !== undefined);
      if (asked.length !== 1) throw new EvergreenError("EG400", "Give a function's name, or --list, or --schema NAME.");
      if (options.list) {
        const rows = Object.entries(CALCULATIONS).map(([name, calculation]) => ({ name, about: calculation.about }));
        return {
          json: rows,
          text: table(rows, [
            { header: "Function", value: (row) => row.name },
            { header: "What it computes", value: (row) => row.about, most: 120 },
          ]),
        };
      }
      const name = args[0] ?? text(options, "schema") ?? "";
      if (!Object.hasOwn(CALCULATIONS, name))
        throw new EvergreenError("EG404", `There is no function ${plain(name)}; see \`evergreen calc --list\`.`);
      const calculation = CALCULATIONS[name];
      if (!calculation) throw new EvergreenError("EG404", `There is no function ${plain(name)}.`);
      if (options.schema !== undefined) {
        const schema = {
          name,
          input: z.toJSONSchema(calculation.input, { io: "input" }),
          output: z.toJSONSchema(calculation.output),
        };
        return { json: schema, text: JSON.stringify(schema, null, 2) };
      }
      const result = await calculation.run(await context.inputJson());
      return { json: result, text: JSON.stringify(result, null, 2) };
    },
  },
];
