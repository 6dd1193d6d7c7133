// Credit transfers to pay redemptions, as pain.001.001.09 (customer credit transfer initiation of ISO 20022). The same payments give the same bytes.
import { EvergreenError } from "@evergreen-fund/domain/errors.ts";
import { z } from "zod";
import { BIC, isIban } from "./accounts.ts";
import { isPlainDecimal, sumOf, withPlaces } from "./decimals.ts";

/** Characters that every bank takes in a name or a text (EPC's character set). */
const LATIN = /[^A-Za-z0-9/\-?:().,'+ ]/g;
/** Identifiers neither begin nor end with a slash nor hold two in a row. */
const Identifier = z.string().regex(/^(?!.*\/\/)(?!\/)[A-Za-z0-9/\-?:().,'+ ]{1,35}(?<!\/)$/);

const Party = z.object({
  holder: z.string().min(1).max(140),
  account: z.string().min(3).max(34),
  bic: z.string().regex(BIC).nullable(),
});

export const PaymentOrder = z.object({
  messageId: Identifier,
  /** When the file was made: a time of the database, not of the clock of whoever writes it again. */
  createdAt: z.iso.datetime({ offset: true }),
  executionDate: z.iso.date(),
  currency: z.string().regex(/^[A-Z]{3}$/),
  /** Decimals of the currency (ISO 4217). */
  places: z.int().min(0).max(4),
  debtor: Party,
  transfers: z
    .array(Party.extend({ endToEndId: Identifier, amount: z.string(), remittance: z.string().max(140) }))
    .min(1)
    .max(50_000),
});
export type PaymentOrder = z.infer<typeof PaymentOrder>;

export const NAMESPACE = "urn:iso:std:iso:20022:tech:xsd:pain.001.001.09";

export interface PaymentFile {
  xml: string;
  transactions: number;
  /** Σ of the amounts, with the decimals of the currency. */
  controlSum: string;
}

/** Errors: EG400 for what no bank would take: an amount of more decimals than the currency, an identifier twice, 18 digits exceeded. */
export function writePain001(given: PaymentOrder): PaymentFile {
  const parsed = PaymentOrder.safeParse(given);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new EvergreenError(
      "EG400",
      `The payments cannot be written: ${issue?.path.join(".") ?? ""} ${issue?.message ?? ""}.`,
      { cause: parsed.error },
    );
  }
  const order = parsed.data;
  const seen = new Set<string>();
  for (const [at, { amount, endToEndId }] of order.transfers.entries()) {
    const digits = amount.replace(".", "").length;
    if (
      !isPlainDecimal(amount) ||
      amount === "0" ||
      amount.startsWith("-") ||
      digits > 18 ||
      (amount.split(".")[1]?.length ?? 0) > order.places
    )
      throw new EvergreenError("EG400", `Payment ${at + 1} has no positive amount of the currency's decimals.`);
    if (seen.has(endToEndId)) throw new EvergreenError("EG400", `Two payments have the identifier ${endToEndId}.`);
    seen.add(endToEndId);
  }
  const controlSum = withPlaces(sumOf(order.transfers.map((transfer) => transfer.amount)), order.places);
  const transactions = order.transfers.length;
  const sepa = order.currency === "EUR" && [order.debtor, ...order.transfers].every((party) => isIban(party.account));
  const lines = [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<Document xmlns="${NAMESPACE}">`,
    "<CstmrCdtTrfInitn>",
    "<GrpHdr>",
    leaf("MsgId", order.messageId),
    leaf("CreDtTm", new Date(order.createdAt).toISOString()),
    leaf("NbOfTxs", String(transactions)),
    leaf("CtrlSum", controlSum),
    `<InitgPty>${leaf("Nm", latin(order.debtor.holder, 70))}</InitgPty>`,
    "</GrpHdr>",
    "<PmtInf>",
    leaf("PmtInfId", order.messageId),
    leaf("PmtMtd", "TRF"),
    leaf("BtchBookg", "false"),
    leaf("NbOfTxs", String(transactions)),
    leaf("CtrlSum", controlSum),
    ...(sepa ? [`<PmtTpInf><SvcLvl>${leaf("Cd", "SEPA")}</SvcLvl></PmtTpInf>`] : []),
    `<ReqdExctnDt>${leaf("Dt", order.executionDate)}</ReqdExctnDt>`,
    `<Dbtr>${leaf("Nm", latin(order.debtor.holder, 70))}</Dbtr>`,
    `<DbtrAcct>${account(order.debtor.account)}${leaf("Ccy", order.currency)}</DbtrAcct>`,
    `<DbtrAgt>${agent(order.debtor.bic)}</DbtrAgt>`,
    leaf("ChrgBr", sepa ? "SLEV" : "SHAR"),
    ...order.transfers.map(
      (transfer) =>
        `<CdtTrfTxInf><PmtId>${leaf("EndToEndId", transfer.endToEndId)}</PmtId>` +
        `<Amt><InstdAmt Ccy="${order.currency}">${withPlaces(transfer.amount, order.places)}</InstdAmt></Amt>` +
        (transfer.bic === null ? "" : `<CdtrAgt>${agent(transfer.bic)}</CdtrAgt>`) +
        `<Cdtr>${leaf("Nm", latin(transfer.holder, 70))}</Cdtr><CdtrAcct>${account(transfer.account)}</CdtrAcct>` +
        `<RmtInf>${leaf("Ustrd", latin(transfer.remittance, 140))}</RmtInf></CdtTrfTxInf>`,
    ),
    "</PmtInf>",
    "</CstmrCdtTrfInitn>",
    "</Document>",
    "",
  ];
  return { xml: lines.join("\n"), transactions, controlSum };
}

const leaf = (name: string, text: string): string => `<${name}>${escaped(text)}</${name}>`;
const escaped = (text: string): string => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
const account = (number: string): string =>
  `<Id>${isIban(number) ? leaf("IBAN", number) : `<Othr>${leaf("Id", number)}</Othr>`}</Id>`;
/** The bank; where none is named the bank is found by the IBAN, which banks write as NOTPROVIDED. */
const agent = (bic: string | null): string =>
  `<FinInstnId>${bic === null ? `<Othr>${leaf("Id", "NOTPROVIDED")}</Othr>` : leaf("BICFI", bic)}</FinInstnId>`;

/** Letters without their marks where they have some, else a full stop; never empty. */
function latin(text: string, most: number): string {
  const spelled = text
    .replaceAll("ß", "ss")
    .replaceAll("Æ", "AE")
    .replaceAll("æ", "ae")
    .replaceAll("Ø", "O")
    .replaceAll("ø", "o")
    .replaceAll("&", "+")
    .normalize("NFKD")
    .replace(/\p{M}/gu, "")
    .replace(LATIN, ".");
  const kept = spelled.replace(/\s+/g, " ").trim().slice(0, most).trim();
  return kept === "" ? "." : kept;
}
