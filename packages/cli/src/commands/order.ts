// `order place|list|cancel|hold|release|prove`: what investors ask for. An LP acts for its own investors, operations for everybody; the database says what is allowed.
import { EvergreenError, EXIT } from "@evergreen-fund/domain/errors.ts";
import { z } from "zod";
import { ANY_FUND, type Answer, type Command, FUND, type Options, REASON, REQUEST_ID, text } from "../command.ts";
import { reasonFor, withConsent } from "../consent.ts";
import { type Context, requestIdOf } from "../context.ts";
import { CLASS, DATE, dateOf, decimalOf, INVESTOR } from "../dealing-options.ts";
import { asked } from "../order-text.ts";
import { plain, table, when } from "../output.ts";
import { currencyDecimals, findClass, findInvestor, ownInvestor } from "../reads/classes.ts";
import { fillOfOrder } from "../reads/deals.ts";
import { findFund } from "../reads/funds.ts";
import { findOrder, listOrders, orderJson, sideOf } from "../reads/orders.ts";
import { countOf } from "../wait.ts";

const Proof = z.object({
  flow_id: z.string(),
  dealing_day_id: z.string(),
  position: z.number(),
  salt: z.string(),
  canonical: z.string(),
  leaf: z.string(),
  path: z.array(z.object({ side: z.string(), hash: z.string() })),
  root: z.string(),
  order_root: z.string(),
  deal: z.object({
    date: z.string(),
    class: z.string(),
    status: z.string(),
    orders: z.number(),
    gate: z.boolean(),
    fraction: z.string().nullable(),
    numerator: z.string().nullable(),
    denominator: z.string().nullable(),
    cap_units: z.string().nullable(),
    nav_per_unit: z.string().nullable(),
  }),
});
const ID = { name: "<id>", about: "id of the order" };
const STATES = [
  "submitted",
  "kyc_hold",
  "accepted",
  "locked",
  "priced",
  "allocated",
  "claimable",
  "settled",
  "carried",
  "lapsed",
  "rejected",
  "cancelled",
] as const;

/** What a person asks with the words and options of `order place`. Errors: EG400 with what does not go together. */
function wish(side: string, options: Options) {
  const [units, amount] = [decimalOf(options, "units"), decimalOf(options, "amount")];
  const [toClass, toInvestor] = [text(options, "switchTo"), text(options, "transferTo")];
  if (side !== "subscription" && side !== "redemption")
    throw new EvergreenError(
      "EG400",
      "An order is a subscription or a redemption; with --switch-to or --transfer-to, a redemption.",
    );
  if ((units === undefined) === (amount === undefined))
    throw new EvergreenError("EG400", "An order is in units (--units) or in money (--amount), one of them.");
  if (side === "subscription" && (units !== undefined || toClass !== undefined || toInvestor !== undefined))
    throw new EvergreenError(
      "EG400",
      "A subscription is in money; only what is given up can be in units, switched or transferred.",
    );
  if (toClass !== undefined && toInvestor !== undefined)
    throw new EvergreenError("EG400", "--switch-to and --transfer-to exclude each other.");
  const lots = text(options, "lots")
    ?.split(",")
    .map((id) => id.trim());
  if (lots !== undefined && (side === "subscription" || lots.some((id) => !z.uuid().safeParse(id).success)))
    throw new EvergreenError("EG400", "--lots are ids of lots of what is given up, with commas.");
  return { units, amount, toClass, toInvestor, date: dateOf(options, "date"), lots };
}

/** `order hold` and `order release`. */
async function holding(
  context: Context,
  id: string,
  options: Options,
  fn: "fn_hold_order" | "fn_release_hold",
): Promise<Answer> {
  const session = await context.session("ops_role");
  const order = await findOrder(session, id);
  const document = text(options, "document");
  const status = await session.call(
    fn,
    {
      flow_id: order.flow_id,
      reason: text(options, "reason"),
      document,
      request_id: requestIdOf(text(options, "requestId")),
    },
    z.string(),
  );
  return {
    json: { ...orderJson({ ...order, status }), document: document ?? null },
    text: `Order ${order.flow_id} is ${status === "kyc_hold" ? "held" : status}${order.linked_flow_id === null ? "" : ", and with it its other leg"}${document === undefined ? "" : `; document: ${plain(document)}`}.`,
  };
}

export const orderCommands: readonly Command[] = [
  {
    path: "order place",
    summary:
      "Places an order: a subscription in money, or a redemption in units or money, which may go into another class or to another investor",
    arguments: [{ name: "<side>", about: "subscription or redemption" }],
    options: [
      FUND,
      { flags: "--class <code>", about: "class of units", required: true },
      { flags: "--units <number>", about: "units to give up" },
      { flags: "--amount <money>", about: "money in the fund's currency" },
      INVESTOR,
      { flags: "--switch-to <class>", about: "what is given up buys units of this class on the same day" },
      { flags: "--transfer-to <investor>", about: "the units go to this investor (operations only)" },
      { flags: "--lots <ids>", about: "lots that are to go, in that order, with commas; otherwise the oldest first" },
      { ...DATE, about: "not before this dealing date, YYYY-MM-DD; otherwise the next one that notice allows" },
      REQUEST_ID,
    ],
    examples: [
      "order place subscription --fund DEMO --class I --amount 250000.00 --as lp1@demo.evergreen.example",
      "order place redemption --fund DEMO --class I --units 1200.5 --as lp1@demo.evergreen.example",
      "order place redemption --fund DEMO --class I --units 100 --switch-to W --investor SYN-INV-007 --as ops1@demo.evergreen.example",
    ],
    role: "lp_role",
    run: async (context, args, options) => {
      const side = args[0] ?? "";
      const { units, amount, toClass, toInvestor, date, lots } = wish(side, options);
      const forWhom = text(options, "investor");
      // who names an investor and no login of his own is operations
      const session = await context.session(forWhom === undefined ? "lp_role" : "ops_role");
      const investor = await (forWhom === undefined ? ownInvestor(session) : findInvestor(session, forWhom));
      const receiver = toInvestor === undefined ? undefined : await findInvestor(session, toInvestor);
      const orderId = await session.call(
        "fn_place_order",
        {
          fund: text(options, "fund"),
          investor_id: investor.investor_id,
          direction: side,
          share_class: text(options, "class"),
          units,
          amount,
          dealing_date: date,
          elected_lots: lots,
          order_kind: toClass !== undefined ? "switch" : receiver !== undefined ? "transfer" : undefined,
          to_class: toClass,
          to_investor: receiver?.investor_id,
          channel: "cli",
          request_id: requestIdOf(text(options, "requestId")),
        },
        z.string(),
      );
      const order = await findOrder(session, orderId);
      return {
        json: orderJson(order),
        text: [
          `Order ${order.flow_id} is ${order.status}: ${sideOf(order).replace("_", " ")} of ${asked(order)} for ${plain(order.investor.code)} in ${plain(order.fund.code)}${order.share_class ? `, class ${plain(order.share_class.code)}` : ""}.`,
          ...(order.linked_flow_id === null ? [] : [`Its other leg is order ${order.linked_flow_id}.`]),
          "It is accepted once KYC has cleared the investor, and deals at a price that nobody knows before its cut-off.",
        ].join("\n"),
      };
    },
  },
  {
    path: "order list",
    summary: "Orders, the newest first: an LP sees its own, staff all",
    options: [
      ANY_FUND,
      { ...CLASS, about: "only this class (with --fund)" },
      { ...INVESTOR, about: "only of this investor (code or id)" },
      { flags: "--status <status>", about: "only those that are so", choices: STATES },
      { ...DATE, about: "only of this dealing date, YYYY-MM-DD" },
      { flags: "--limit <count>", about: "how many at most", default: "50" },
    ],
    examples: ["order list --fund DEMO --status accepted", "order list --as lp1@demo.evergreen.example"],
    role: "ops_role",
    run: async (context, _args, options) => {
      const limit = countOf("limit", text(options, "limit"), 1000);
      const date = dateOf(options, "date");
      const [fund, shareClass, investor] = [text(options, "fund"), text(options, "class"), text(options, "investor")];
      if (shareClass !== undefined && fund === undefined)
        throw new EvergreenError("EG400", "--class needs --fund: two funds may have a class of one name.");
      const session = await context.session("ops_role");
      const fundId = fund === undefined ? undefined : (await findFund(session, fund)).fund_id;
      const classId =
        shareClass === undefined
          ? undefined
          : (await findClass(session, fund ?? "", shareClass)).shareClass.share_class_id;
      const investorId = investor === undefined ? undefined : (await findInvestor(session, investor)).investor_id;
      const orders = await listOrders(session, {
        fundId,
        classId,
        investorId,
        status: text(options, "status"),
        date,
        limit,
      });
      return {
        json: orders.map(orderJson),
        text: table(
          orders,
          [
            { header: "Order", value: (order) => order.flow_id },
            { header: "Fund", value: (order) => order.fund.code },
            { header: "Class", value: (order) => order.share_class?.code },
            { header: "Investor", value: (order) => order.investor.code, most: 24 },
            { header: "Side", value: (order) => sideOf(order).replace("_", " ") },
            { header: "Asks for", value: asked, figure: true },
            { header: "Status", value: (order) => order.status },
            { header: "Dealing date", value: (order) => order.dealing_date },
            { header: "Placed", value: (order) => when(order.requested_at) },
          ],
          "No orders. Place one with `evergreen order place`.",
        ),
      };
    },
  },
  {
    path: "order cancel",
    summary:
      "Cancels an order and its other leg: before the cut-off its investor or operations do; after it the cancellation is proposed, two people approve, and the same command carries it out",
    arguments: [ID],
    options: [REASON, REQUEST_ID],
    examples: [
      "order cancel 7d0f4c5e-1f0a-4c1e-9a7b-2f6f0f3f8a11 --as lp1@demo.evergreen.example",
      'order cancel 7d0f4c5e-1f0a-4c1e-9a7b-2f6f0f3f8a11 --reason "entered twice" --as ops1@demo.evergreen.example',
    ],
    role: "ops_role",
    run: async (context, args, options) => {
      const session = await context.session("ops_role");
      const order = await findOrder(session, args[0] ?? "");
      const [reason, requestId] = [text(options, "reason"), requestIdOf(text(options, "requestId"))];
      const cancel = async (): Promise<Answer> => {
        const status = await session.call(
          "fn_cancel_order",
          { flow_id: order.flow_id, reason, request_id: requestId },
          z.string(),
        );
        return {
          json: { ...orderJson({ ...order, status }), posted: true },
          text: `Order ${order.flow_id} is ${status}${order.linked_flow_id === null ? "" : ", and with it its other leg"}.`,
        };
      };
      if (order.status !== "locked") return cancel();
      const legs: unknown[] = [order.flow_id, order.linked_flow_id].filter((id) => id !== null);
      const what = `The cancellation of order ${order.flow_id}`;
      return withConsent(
        session,
        {
          fund: { fund_id: order.fund_id, code: order.fund.code },
          kind: "cancellation",
          what,
          requestId,
          isMeant: (body) => legs.includes(body.flow_id),
          body: () => ({ flow_id: order.flow_id, reason: reasonFor(reason, what) }),
        },
        cancel,
      );
    },
  },
  {
    path: "order hold",
    summary: "Holds an order that is not priced yet, and its other leg; the investor is not told why",
    arguments: [ID],
    options: [
      { ...REASON, required: true },
      { flags: "--document <text>", about: "reference of the document that asks for it" },
      REQUEST_ID,
    ],
    examples: ['order hold 7d0f4c5e-1f0a-4c1e-9a7b-2f6f0f3f8a11 --reason "papers are missing" --document "case 12"'],
    role: "ops_role",
    run: (context, args, options) => holding(context, args[0] ?? "", options, "fn_hold_order"),
  },
  {
    path: "order release",
    summary: "Releases a held order on the strength of a document; KYC must have cleared every party of it",
    arguments: [ID],
    options: [
      { ...REASON, required: true },
      { flags: "--document <text>", about: "reference of the document that clears it", required: true },
      REQUEST_ID,
    ],
    examples: [
      'order release 7d0f4c5e-1f0a-4c1e-9a7b-2f6f0f3f8a11 --reason "another person of that name" --document "screening report 12"',
    ],
    role: "ops_role",
    run: (context, args, options) => holding(context, args[0] ?? "", options, "fn_release_hold"),
  },
  {
    path: "order prove",
    summary:
      "Proves that an order stood in the committed order book, and shows the arithmetic of its fill, step by step",
    arguments: [ID],
    examples: ["order prove 7d0f4c5e-1f0a-4c1e-9a7b-2f6f0f3f8a11 --as lp1@demo.evergreen.example"],
    role: "ops_role",
    run: async (context, args) => {
      const { inclusionOf, provedJson, provedText } = await import("../order-proof.ts");
      const session = await context.session("ops_role");
      const order = await findOrder(session, args[0] ?? "");
      const proof = await session.call("fn_prove_order", { flow_id: order.flow_id }, Proof);
      const [fill, decimals] = await Promise.all([
        fillOfOrder(session, proof.dealing_day_id, order.flow_id),
        currencyDecimals(session),
      ]);
      const proved = { order, proof, fill, cashDp: decimals.get(order.currency) ?? 2 };
      const included = inclusionOf(proved).every(({ ok }) => ok);
      return { json: provedJson(proved), text: provedText(proved), ...(included ? {} : { exit: EXIT.failed }) };
    },
  },
];
