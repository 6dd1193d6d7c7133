import { writeFileSync } from "node:fs";
import { DEALING_DATE, dayAt, dealingFund } from "@evergreen-fund/prisma/tests/dealing-day.ts";
import { it } from "vitest";
import { openHouse, type Person } from "./test-house.ts";

const house = await openHouse();
it("look", async () => {
  const on = await dealingFund(house.db);
  const prop = await dayAt(house.db, "proposed");
  let all = "";
  const look = async (person: Person, ...argv: string[]) => {
    const r = await house.run(person, argv);
    all += `$ ${argv.join(" ")}  -> ${r.exit}\n${r.out}${r.err}\n`;
  };
  const F = on.fund.code;
  await look("pm1", "terms", "set", "free-form", "--fund", F, "--from", "2026-01-01");
  await look("pm1", "lmt", "set", "free-form", "--fund", F, "--from", "2026-01-01");
  await look("pm1", "terms", "show", "--fund", F);
  await look(
    "pm1",
    "lmt",
    "activate",
    "suspension",
    "--fund",
    F,
    "--reason",
    "two thirds of the assets cannot be valued",
  );
  await look("pm1", "lmt", "show", "--fund", F);
  await look("pm1", "nav", "show", "--fund", prop.fund.code);
  await look("pm1", "proposals", "list");
  const id = String((await house.db.look("select proposal_id from proposals where kind = 'lmt'"))[0]?.proposal_id);
  await look("pm1", "proposals", "show", id);
  const id2 = String((await house.db.look("select proposal_id from proposals where kind = 'nav'"))[0]?.proposal_id);
  await look("pm1", "proposals", "show", id2);
  const h = String((await house.db.look("select hash from proposals where kind = 'nav'"))[0]?.hash);
  await look("pm1", "nav", "approve", id2, "--hash", h);
  await look("ops1", "deal", "discard", "--fund", prop.fund.code, "--date", DEALING_DATE, "--reason", "wrong calendar");
  await look("ops1", "deal", "show", "--fund", prop.fund.code);
  writeFileSync("/tmp/w/d2-look.txt", all);
});
