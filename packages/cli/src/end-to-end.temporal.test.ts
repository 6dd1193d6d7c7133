// The whole way on a real stack of its own: a synthetic filing becomes a fund, one portfolio manager asks, another approves, allocations change.
// Runs the committed `bin/evergreen.mjs` as a person would, and reads only what it prints.
import { execFile } from "node:child_process";
import { chmodSync, existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { REPOSITORY_ROOT } from "@evergreen-fund/config/config.ts";
import { syntheticXml } from "@evergreen-fund/nport";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";

const folder = mkdtempSync(join(tmpdir(), "evergreen-e2e-"));
const home = join(folder, "home");
const filing = join(folder, "synthetic.xml");
const DATA = process.env.EVERGREEN_SHARED_DATA ?? join(REPOSITORY_ROOT, "../shared/data");
const REAL = join(DATA, "nport/dupree-kentucky-short-to-medium-2022-12.xml");
const HOLDINGS = 60;
const START_MS = 300_000;
let base = 0;

interface Ran {
  exit: number;
  out: string;
  err: string;
}

function evergreen(argv: readonly string[], changed: Record<string, string> = {}, heard = noted): Promise<Ran> {
  const environment = { ...process.env, EVERGREEN_HOME: home, EVERGREEN_PORT_BASE: String(base), ...changed };
  return new Promise((resolve) => {
    const child = execFile(
      process.execPath,
      [join(REPOSITORY_ROOT, "bin/evergreen.mjs"), ...argv],
      { env: environment, cwd: folder, maxBuffer: 64 * 1024 * 1024 },
      (error, out, err) => resolve({ exit: typeof error?.code === "number" ? error.code : error ? 1 : 0, out, err }),
    );
    child.stderr?.on("data", (text) => heard(String(text)));
    child.stdin?.end();
  });
}
const noted = (_text: string): void => undefined;

/** Runs with JSON output, expects the exit code and exactly one document of that shape. */
async function json<T>(shape: z.ZodType<T>, argv: readonly string[], heard = noted, exit = 0): Promise<T> {
  const ran = await evergreen([...argv, "--output-format", "json"], {}, heard);
  expect({ exit: ran.exit, said: ran.exit === exit ? "" : `${ran.err}${ran.out}` }).toEqual({ exit, said: "" });
  return shape.parse(JSON.parse(ran.out));
}

/** A port with nine free ones behind it. */
async function freeBase(): Promise<number> {
  const free = (port: number): Promise<boolean> =>
    new Promise((resolve) => {
      const server = createServer().once("error", () => resolve(false));
      server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
    });
  for (let candidate = 42_000 + (process.pid % 400) * 20; candidate < 60_000; candidate += 20) {
    const ports = await Promise.all(Array.from({ length: 10 }, (_, offset) => free(candidate + offset)));
    if (ports.every(Boolean)) return candidate;
  }
  throw new Error("No ten free ports in a row.");
}

const Addresses = z.strictObject({
  dashboardUrl: z.url(),
  supabaseUrl: z.url(),
  publishableKey: z.string().min(1),
  temporalAddress: z.string(),
  temporalUiUrl: z.url().nullable(),
  databaseUrl: z.string().startsWith("postgresql://"),
  logins: z.array(z.strictObject({ role: z.string(), email: z.string(), password: z.string() })),
});
const Imported = z.strictObject({
  fundId: z.uuid(),
  code: z.string(),
  assets: z.int(),
  netAssets: z.string(),
  holdingsTotal: z.string(),
  difference: z.string(),
  warnings: z.array(z.object({ code: z.string(), message: z.string(), count: z.int() })),
});
const Trade = z.strictObject({
  assetId: z.uuid(),
  name: z.string(),
  sleeve: z.string(),
  side: z.enum(["buy", "sell"]),
  amount: z.string().regex(/^\d+\.\d{2}$/),
  cost: z.string().regex(/^\d+\.\d{2}$/),
  reason: z.object({ code: z.string(), words: z.string().min(1) }),
});
const Proposed = z.strictObject({
  eventId: z.uuid(),
  workflowId: z.string(),
  status: z.string(),
  proposalId: z.uuid(),
  proposalHash: z.string().regex(/^[0-9a-f]{64}$/),
  trades: z.array(Trade),
  checks: z.array(z.object({ room: z.string(), rule: z.string(), result: z.string() })),
  memories: z.array(z.object({ memoryId: z.uuid(), text: z.string() })),
});
const Allocations = z.object({
  version: z.string(),
  netAssets: z.string(),
  allocations: z.array(z.object({ assetId: z.uuid(), marketValue: z.string(), target: z.string() })),
});
const Verified = z.strictObject({ entries: z.int(), ok: z.boolean(), head: z.string().nullable(), unsealed: z.int() });

let logins: z.infer<typeof Addresses>["logins"] = [];
const person = (role: string, number = 0): string => logins.filter((login) => login.role === role)[number]?.email ?? "";
/** Amounts of this test have two decimals. */
const cents = (amount: string): bigint => BigInt(amount.replace(".", ""));

beforeAll(async () => {
  chmodSync(folder, 0o755); // as root the database server runs as another user, who must be able to enter
  writeFileSync(filing, syntheticXml({ holdings: HOLDINGS, mix: { bond: 6, corporate: 2, equity: 1 } }));
  base = await freeBase();
  ({ logins } = await json(Addresses, ["up", "--detach"]));
}, START_MS);

afterAll(async () => {
  const { exit, err } = await evergreen(["down"]);
  expect({ exit, err: exit === 0 ? "" : err }).toEqual({ exit: 0, err: "" });
  rmSync(folder, { recursive: true, force: true });
}, START_MS);

describe("a portfolio manager rebalances a fund", () => {
  let fundId = "";
  let proposal: z.infer<typeof Proposed>;

  it("starts with two portfolio managers and an auditor, and says that it runs", async () => {
    expect(logins.map((login) => login.role).sort()).toEqual([
      "audit_role",
      "lp_role",
      "lp_role",
      "ops_role",
      "ops_role",
      "pm_role",
      "pm_role",
    ]);
    const { exit, out } = await evergreen(["status"]);
    expect(exit).toBe(0);
    expect(out).toContain("ready");
    expect((await json(Addresses, ["up", "--detach"])).logins).toEqual(logins);
  });

  it("imports a filing, and once more without effect", async () => {
    const first = await json(Imported, ["import", "nport", filing, "--fund", "E2E"]);
    expect(first).toMatchObject({ code: "E2E", assets: HOLDINGS });
    expect(cents(first.netAssets) - cents(first.holdingsTotal)).toBe(cents(first.difference));
    fundId = first.fundId;
    const before = await json(Allocations, ["allocations", "show", "--fund", "E2E"]);
    expect(await json(Imported, ["import", "nport", filing, "--fund", "E2E"])).toEqual(first);
    expect(await json(Allocations, ["allocations", "show", "--fund", "E2E"])).toEqual(before);
    expect(before.version).toBe("1");
    expect(before.allocations.reduce((sum, row) => sum + cents(row.marketValue), 0n)).toBe(cents(first.netAssets));
    const unit = 10n ** 18n;
    const targets = before.allocations.map((row) => {
      const [whole = "0", fraction = ""] = row.target.split(".");
      return BigInt(whole) * unit + BigInt(fraction.padEnd(18, "0"));
    });
    expect(targets.reduce((sum, target) => sum + target, 0n)).toBe(unit);
  });

  it("shows a mandate that can be set again, and refuses targets that do not add up", async () => {
    const shown = await json(z.looseObject({ version: z.int() }), ["mandate", "show", "--fund", "E2E"]);
    expect(shown.version).toBe(1);
    const file = join(folder, "mandate.json");
    writeFileSync(file, JSON.stringify(shown));
    expect(await json(z.object({ version: z.int() }), ["mandate", "set", file, "--fund", "E2E"])).toMatchObject({
      version: 2,
    });
    const targets = join(folder, "targets.json");
    writeFileSync(targets, JSON.stringify({ cash: "0.5" }));
    const refused = await evergreen(["rebalance", "--fund", "E2E", "--targets", targets]);
    expect(refused.exit).toBe(2);
    expect(refused.err).toMatch(/add up to/);
  });

  it("asks for a rebalancing and gets a proposal with reasons", async () => {
    proposal = await json(Proposed, ["rebalance", "--fund", "E2E", "--wait", "--reason", "end to end"]);
    expect(proposal.status).toBe("pending");
    expect(proposal.workflowId).toBe(`event/${proposal.eventId}`);
    expect(proposal.trades.length).toBeGreaterThan(0);
    expect(new Set(proposal.checks.map((check) => check.room))).toEqual(
      new Set(["compliance-sentinel", "liquidity-engine"]),
    );
    const { out } = await evergreen(["proposals", "show", proposal.proposalId]);
    expect(out).toContain("Before");
    expect(out).toContain(`Asked by:    ${person("pm_role")}`);
    expect(out).toContain(`--as ${person("pm_role", 1)} --wait`);
    expect(out).toContain(`--hash ${proposal.proposalHash}`);
  });

  it("refuses whoever asked, a stale hash, an investor and an auditor", async () => {
    const decide = (hash: string, as: string): Promise<Ran> =>
      evergreen(["proposals", "approve", proposal.proposalId, "--hash", hash, "--as", as]);
    const own = await decide(proposal.proposalHash, person("pm_role"));
    expect({ exit: own.exit, err: own.err }).toMatchObject({ exit: 3, err: expect.stringContaining("EG420") });
    const stale = await decide("0".repeat(64), person("pm_role", 1));
    expect({ exit: stale.exit, err: stale.err }).toMatchObject({ exit: 3, err: expect.stringContaining("EG421") });
    expect((await decide(proposal.proposalHash, person("lp_role"))).exit).toBe(4);
    expect((await decide(proposal.proposalHash, person("audit_role"))).exit).toBe(4);
    expect((await evergreen(["rebalance", "--fund", "E2E", "--as", person("lp_role")])).exit).toBe(4);
    const guessed = { EVERGREEN_EMAIL: person("pm_role", 1), EVERGREEN_PASSWORD: "wrong" };
    expect((await evergreen(["funds", "list"], guessed)).exit).toBe(4);
    expect((await evergreen(["funds", "list", "--as", "nobody@demo.evergreen.example"])).exit).toBe(2);
  });

  it("is approved by a second person, and the allocations are what the proposal said", async () => {
    const before = await json(Allocations, ["allocations", "show", "--fund", "E2E"]);
    const approved = await json(z.object({ status: z.string(), allocationsVersion: z.string() }), [
      "proposals",
      "approve",
      proposal.proposalId,
      "--hash",
      proposal.proposalHash,
      "--as",
      person("pm_role", 1),
      "--wait",
    ]);
    expect(approved).toEqual({ status: "applied", allocationsVersion: "2" });
    const after = await json(Allocations, ["allocations", "show", "--fund", "E2E"]);
    expect(after.version).toBe("2");
    const cost = proposal.trades.reduce((sum, trade) => sum + cents(trade.cost), 0n);
    expect(cents(before.netAssets) - cents(after.netAssets)).toBe(cost);
    for (const trade of proposal.trades) {
      const [was, is] = [before, after].map((side) =>
        cents(side.allocations.find((row) => row.assetId === trade.assetId)?.marketValue ?? "0.00"),
      );
      expect((is ?? 0n) - (was ?? 0n)).toBe(trade.side === "buy" ? cents(trade.amount) : -cents(trade.amount));
    }
    const again = await evergreen([
      "proposals",
      "approve",
      proposal.proposalId,
      "--hash",
      proposal.proposalHash,
      "--as",
      person("pm_role", 1),
    ]);
    expect({ exit: again.exit, err: again.err }).toEqual({
      exit: 3,
      err: "evergreen: The proposal is already applied; it can no longer be decided. (EG422)\n",
    });
  });

  it("is rejected with a reason, and nothing changes", async () => {
    const targets = join(folder, "cash-and-rest.json");
    const Standing = z.object({ version: z.int(), mandate: z.object({ cash: z.object({ target: z.string() }) }) });
    const standing = await json(Standing, ["mandate", "show", "--fund", "E2E"]);
    writeFileSync(targets, JSON.stringify({ cash: standing.mandate.cash.target }));
    const follow = ["events", "follow", "--type", "PROPOSAL_CREATED", "--count", "1", "--seconds", "60"];
    let followed: Promise<{ type: string }[]> = Promise.resolve([]);
    await new Promise<void>((following) => {
      followed = json(z.array(z.object({ type: z.string() })), follow, (text) => {
        if (text.includes("Following")) following();
      });
    });
    const next = await json(Proposed, ["rebalance", "--fund", "E2E", "--wait", "--method", "qp", "--targets", targets]);
    expect(await followed).toEqual([{ type: "PROPOSAL_CREATED" }]);
    expect((await json(Standing, ["mandate", "show", "--fund", "E2E"])).version).toBe(standing.version + 1);
    const rejected = await json(z.object({ status: z.string() }), [
      "proposals",
      "reject",
      next.proposalId,
      "--hash",
      next.proposalHash,
      "--reason",
      "not now",
      "--as",
      person("pm_role", 1),
    ]);
    expect(rejected.status).toBe("rejected");
    expect((await json(Allocations, ["allocations", "show", "--fund", "E2E"])).version).toBe("2");
  });

  it("leaves a run with events, audit entries, compliance logs, a memory and a trace", async () => {
    const Run = z.strictObject({
      workflowId: z.string(),
      type: z.string(),
      status: z.string(),
      events: z.array(z.object({ type: z.string() })),
      audit: z.array(z.object({ message: z.string(), createdBy: z.string() })),
      complianceLogs: z.array(z.object({ rule: z.string() })),
      memories: z.array(z.object({ text: z.string() })),
      traceId: z.string().regex(/^[0-9a-f]{32}$/),
    });
    // the memory is written after the run has been closed
    const shown = await eventually(
      () => json(Run, ["runs", "show", proposal.workflowId]),
      (run) => run.memories.length > 0,
    );
    expect(shown).toMatchObject({ workflowId: proposal.workflowId, type: "REBALANCE_REQUESTED", status: "completed" });
    expect(shown.events.map((event) => event.type)).toEqual(
      expect.arrayContaining([
        "REBALANCE_REQUESTED",
        "PROPOSAL_CREATED",
        "PROPOSAL_DECIDED",
        "ALLOCATIONS_APPLIED",
        "WORKFLOW_COMPLETED",
      ]),
    );
    expect(shown.audit.some((entry) => entry.message.includes("allocations applied"))).toBe(true);
    expect(shown.complianceLogs.length).toBeGreaterThan(0);
    const trace = await eventually(
      () =>
        json(z.object({ traceId: z.string(), spans: z.array(z.object({ name: z.string() })) }), [
          "trace",
          proposal.workflowId,
        ]),
      (found) => found.spans.some((span) => span.name.includes("rebalancing.apply")),
    );
    expect(trace.traceId).toBe(shown.traceId);
    const events = await json(z.array(z.object({ type: z.string(), fundId: z.string().nullable() })), [
      "events",
      "list",
      "--fund",
      "E2E",
    ]);
    expect(events.every((event) => event.fundId === fundId)).toBe(true);
    expect(events.map((event) => event.type)).toContain("FUND_IMPORTED");
    expect(await json(z.array(z.unknown()), ["events", "list", "--dead"])).toEqual([]);
  });

  it("verifies the audit trail, of all and of one fund", async () => {
    const all = await eventually(
      () => json(Verified, ["audit", "verify"]),
      (verdict) => verdict.unsealed === 0,
    );
    expect(all).toMatchObject({ ok: true, unsealed: 0 });
    const one = await json(Verified, ["audit", "verify", "--fund", "E2E"]);
    expect(one.ok).toBe(true);
    expect(one.entries).toBeGreaterThan(5);
    expect(one.entries).toBeLessThan(all.entries);
  });

  it.skipIf(!existsSync(REAL))("rebalances a real fund (skipped without ../shared/data)", async () => {
    const imported = await json(Imported, ["import", "nport", REAL, "--fund", "KY1"]);
    expect(imported).toMatchObject({ assets: 55, netAssets: "41349926.01", difference: "894899.31", warnings: [] });
    const real = await json(Proposed, ["rebalance", "--fund", "KY1", "--wait"]);
    expect(real.trades.length).toBeGreaterThan(0);
    const decide = ["proposals", "approve", real.proposalId, "--hash", real.proposalHash, "--wait"];
    const approved = await json(z.object({ status: z.string() }), [...decide, "--as", person("pm_role", 1)]);
    expect(approved.status).toBe("applied");
    expect((await json(Allocations, ["allocations", "show", "--fund", "KY1"])).version).toBe("2");
  });

  it("imports a filing without holdings and refuses to rebalance it", async () => {
    const empty = join(folder, "empty.xml");
    writeFileSync(empty, syntheticXml({ holdings: 0 }));
    const imported = await json(Imported, ["import", "nport", empty, "--fund", "EMPTY"]);
    expect(imported.assets).toBe(0);
    expect(imported.warnings.map((warning) => warning.code)).toContain("no_mandate");
    const refused = await evergreen(["rebalance", "--fund", "EMPTY", "--wait"]);
    expect(refused).toMatchObject({ exit: 3, err: expect.stringContaining("EG426") });
  });

  it("refuses a wrong file with 2 and a stack that is not there with 5", async () => {
    const wrong = join(folder, "wrong.xml");
    writeFileSync(wrong, '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>');
    const refused = await evergreen(["import", "nport", wrong, "--fund", "BAD"]);
    expect(refused.exit).toBe(2);
    expect(refused.err).toMatch(/^evergreen: line \d+: [^\n]+\n$/);
    const away = await evergreen(["funds", "list"], { EVERGREEN_HOME: join(folder, "elsewhere") });
    expect({ exit: away.exit, out: away.out }).toEqual({ exit: 5, out: "" });
    const funds = await json(z.array(z.object({ code: z.string() })), ["funds", "list"]);
    expect(funds.map((fund) => fund.code)).not.toContain("BAD");
  });
});

async function eventually<T>(ask: () => Promise<T>, enough: (answer: T) => boolean): Promise<T> {
  for (let attempt = 0; ; attempt += 1) {
    const answer = await ask();
    if (enough(answer) || attempt === 20) return answer;
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}
