// `distribute`, `order deliver`: money and assets to holders beside the dealing day. Two people approve each; the same command then posts it.
import { EvergreenError } from "@evergreen-fund/domain/errors.ts";
import { z } from "zod";
import { type Command, FUND, REQUEST_ID, text } from "../command.ts";
import { withConsent } from "../consent.ts";
import { requestIdOf } from "../context.ts";
import { CLASS, dateOf, decimalOf } from "../dealing-options.ts";
import { fixed, money, plain } from "../output.ts";
import { currencyDecimals, findClass } from "../reads/classes.ts";
import { navAssets } from "../reads/nav.ts";
import { findOrder, orderJson } from "../reads/orders.ts";

const Distributed = z.object({ ledger_tx_id: z.string(), amount: z.string(), high_water: z.string() });
const Delivered = z.object({ ledger_tx_id: z.string(), delivered: z.string(), cash: z.string() });
const Deliveries = z.strictObject({
  deliveries: z
    .array(
      z.strictObject({
        /** Key of the asset in the fund. */
        asset: z.string().min(1).max(200),
        quantity: z.string().regex(/^\d{1,26}(\.\d{1,18})?$/, "expected a quantity such as 45"),
        /** At the strike the order dealt at, fund currency. */
        value: z.string().regex(/^\d{1,26}(\.\d{1,4})?$/, "expected an amount such as 4500.00"),
      }),
    )
    .min(1)
    .max(20_000),
});

/** "900.00" of "5400.00" and deliveries of "4500.00". Whole numbers of ten-thousandths; fund currency. */
function restOf(due: string, values: readonly string[]): bigint {
  const units = (amount: string): bigint => {
    const [whole = "0", digits = ""] = amount.split(".");
    return BigInt(whole + digits.padEnd(4, "0").slice(0, 4));
  };
  return values.reduce((left, value) => left - units(value), units(due));
}
const moneyOf = (units: bigint): string => `${units / 10_000n}.${String(units % 10_000n).padStart(4, "0")}`;

export const postingCommands: readonly Command[] = [
  {
    path: "distribute",
    summary:
      "Distributes money per unit of a class to its holders: proposed first, and after two people approved the same command posts it",
    options: [
      FUND,
      CLASS,
      {
        flags: "--ex-date <date>",
        about: "day from which units deal without it, YYYY-MM-DD, up to today",
        required: true,
      },
      { flags: "--per-unit <money>", about: "amount per unit in the fund's currency", required: true },
      REQUEST_ID,
    ],
    examples: ["distribute --fund DEMO --class I --ex-date 2026-10-30 --per-unit 1.25"],
    role: "ops_role",
    run: async (context, _args, options) => {
      const [day, each] = [dateOf(options, "exDate") ?? "", decimalOf(options, "perUnit") ?? ""];
      const session = await context.session("ops_role");
      const { fund, shareClass } = await findClass(session, text(options, "fund") ?? "", text(options, "class"));
      const requestId = requestIdOf(text(options, "requestId"));
      const dp = (await currencyDecimals(session)).get(fund.base_currency) ?? 2;
      const what = `A distribution of ${each} ${fund.base_currency} per unit of ${plain(fund.code)}, class ${plain(shareClass.code)}, on ${day}`;
      const body = { share_class_id: shareClass.share_class_id, ex_date: day, per_unit: each };
      return withConsent(
        session,
        {
          fund,
          kind: "distribution",
          what,
          requestId,
          isMeant: (found) =>
            found.share_class_id === body.share_class_id && found.ex_date === day && found.per_unit === each,
          body: () => body,
        },
        async (proposalId) => {
          const done = await session.call(
            "fn_post_distribution",
            { proposal_id: proposalId, request_id: `${requestId}/post` },
            Distributed,
          );
          return {
            json: {
              posted: true,
              proposalId,
              ledgerTxId: done.ledger_tx_id,
              amount: fixed(done.amount, dp),
              highWater: done.high_water,
            },
            text: `${what} is posted: ${money(done.amount)} ${fund.base_currency} are owed to its holders.`,
          };
        },
      );
    },
  },
  {
    path: "order deliver",
    summary:
      "Pays a claimable redemption of a professional investor in kind, the rest in cash: proposed first, and after two people approved the same command posts it",
    arguments: [{ name: "<id>", about: "id of the order" }],
    options: [
      {
        flags: "--assets <file>",
        about:
          'what is delivered (JSON: {"deliveries": [{"asset", "quantity", "value"}]}), at the values of the NAV it dealt at',
      },
      { flags: "--reference <text>", about: "reference of the cash payment" },
      REQUEST_ID,
    ],
    examples: ["order deliver 7d0f4c5e-1f0a-4c1e-9a7b-2f6f0f3f8a11 --assets deliveries.json"],
    role: "ops_role",
    run: async (context, args, options) => {
      const file = text(options, "assets");
      const given = file === undefined ? undefined : Deliveries.safeParse(await context.json(file));
      if (given?.success === false) {
        const [issue] = given.error.issues;
        throw new EvergreenError(
          "EG400",
          `That is not a file of deliveries: ${plain(`${issue?.path.join(".")}: ${issue?.message}`)}.`,
        );
      }
      const session = await context.session("ops_role");
      const order = await findOrder(session, args[0] ?? "");
      const fund = { fund_id: order.fund_id, code: order.fund.code };
      const requestId = requestIdOf(text(options, "requestId"));
      const what = `The payment in kind of order ${order.flow_id}`;
      return withConsent(
        session,
        {
          fund,
          kind: "in_kind",
          what,
          requestId,
          isMeant: (body) => body.flow_id === order.flow_id,
          body: async () => {
            if (given === undefined)
              throw new EvergreenError("EG400", "Name with --assets the file of what is delivered.");
            const keys = new Map((await navAssets(session, order.fund_id)).map((row) => [row.key, row.id]));
            const { deliveries } = given.data;
            const unknown = deliveries.find(({ asset }) => !keys.has(asset));
            if (unknown !== undefined)
              throw new EvergreenError("EG404", `The fund has no asset ${plain(unknown.asset)}.`);
            if (order.net_amount === null)
              throw new EvergreenError(
                "EG428",
                `The order is ${order.status}; a redemption that is claimable can be paid in kind.`,
              );
            const rest = restOf(
              order.net_amount,
              deliveries.map(({ value }) => value),
            );
            if (rest < 0n)
              throw new EvergreenError(
                "EG424",
                `That is worth more than the ${money(order.net_amount)} ${order.currency} that are due.`,
              );
            return {
              flow_id: order.flow_id,
              deliveries: deliveries.map(({ asset, quantity, value }) => ({
                asset_id: keys.get(asset),
                quantity,
                value,
              })),
              cash: fixed(moneyOf(rest), 2),
              ...(text(options, "reference") === undefined ? {} : { reference: text(options, "reference") }),
            };
          },
        },
        async (proposalId) => {
          const done = await session.call(
            "fn_settle_in_kind",
            { proposal_id: proposalId, request_id: `${requestId}/post` },
            Delivered,
          );
          return {
            json: {
              ...orderJson({ ...order, status: "settled" }),
              posted: true,
              proposalId,
              ledgerTxId: done.ledger_tx_id,
              delivered: fixed(done.delivered, 2),
              cash: fixed(done.cash, 2),
            },
            text: `Order ${order.flow_id} is settled: assets of ${money(done.delivered)} and ${money(done.cash)} ${order.currency} in cash.`,
          };
        },
      );
    },
  },
];
