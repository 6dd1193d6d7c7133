// The KYC policy as data: evidence owed per classification and kind of party, how old it may be, refresh (R51), owners (R55), risk (R56), clocks of cases. zod only.
import { z } from "zod";
import { parsePolicyText } from "./policy-text.ts";

/** The order in which a review looks (R54); the first that does not pass is what the applicant is told of. */
export const KYC_GATES = ["identity", "classification", "screening", "source_of_funds", "suitability", "cap"] as const;
export type KycGate = (typeof KYC_GATES)[number];
export const CLASSIFICATIONS = ["retail", "semi_professional", "professional", "qualified"] as const;
export type Classification = (typeof CLASSIFICATIONS)[number];
export const STATED_KINDS = ["natural_person", "company", "partnership", "trust", "foundation"] as const;
export type StatedKind = (typeof STATED_KINDS)[number];

const Kind = z.string().regex(/^[a-z][a-z0-9_]{0,39}$/, "expected a kind of evidence such as address_proof");
const kinds = z.array(Kind).max(15);
const words = z.string().min(10).max(300);
const Verdicts = z.array(z.enum(["true_match", "false_match"])).max(2);
const perSeverity = <T extends z.ZodType>(value: T) =>
  z.strictObject({ notice: value, warning: value, critical: value });

export const KycPolicy = z
  .strictObject({
    title: z.string().min(5).max(200),
    version: z.int().min(1),
    ownership: z.strictObject({
      threshold: z.string().regex(/^0\.\d{1,18}$/),
      source: words,
      grade: z.enum(["verified", "practice"]),
    }),
    evidence: z.record(
      Kind,
      z.strictObject({
        gate: z.enum(KYC_GATES),
        words,
        /** Days since it was made out; null: any age. */
        maxAgeDays: z.int().min(1).max(36_500).nullable(),
        /** Whether it names the day on which it runs out. */
        expires: z.boolean(),
      }),
    ),
    requirements: z.record(z.enum(CLASSIFICATIONS), z.record(z.enum(STATED_KINDS), kinds)),
    /** Of every beneficial owner. */
    ownerEvidence: kinds,
    caps: z.strictObject({ investors: z.int().min(1).nullable() }),
    refresh: z.strictObject({
      years: z.strictObject({
        unrated: z.int().min(1).max(5),
        low: z.int().min(1).max(5),
        medium: z.int().min(1).max(5),
        high: z.literal(1),
      }),
      leadDays: z.int().min(0).max(180),
      source: words,
    }),
    risk: z.strictObject({
      medium: z.int().min(1).max(10_000),
      high: z.int().min(1).max(10_000),
      factors: z.record(
        Kind,
        z.strictObject({
          points: z.int().min(0).max(10_000),
          floor: z.enum(["low", "medium", "high"]).nullable(),
          words,
        }),
      ),
      /** Residences and nationalities that make the factor `high_risk_country`, ISO 3166 two letters. */
      countries: z
        .strictObject({
          source: words,
          asOf: z.iso.date(),
          values: z
            .array(z.string().regex(/^[A-Z]{2}$/))
            .min(1)
            .max(250),
        })
        .optional(),
    }),
    cases: z.strictObject({
      dueHours: perSeverity(z.int().min(1).max(8_760)),
      secondPerson: perSeverity(
        Verdicts.refine((list) => list.includes("true_match"), "a true match takes a second person"),
      ),
    }),
  })
  .superRefine((policy, { addIssue }) => {
    const known = (kind: string) => Object.hasOwn(policy.evidence, kind);
    const named = [
      ...Object.values(policy.requirements).flatMap((perKind) => Object.values(perKind).flat()),
      ...policy.ownerEvidence,
    ];
    for (const kind of new Set(named.filter((one) => !known(one))))
      addIssue({ code: "custom", message: `${kind} is owed and not described in evidence` });
    if (policy.risk.high < policy.risk.medium) addIssue({ code: "custom", message: "high begins below medium" });
  });
export type KycPolicy = z.output<typeof KycPolicy>;

/** A file such as policies/kyc/onboarding.yaml: YAML in its JSON form with whole-line comments. Errors: EG400 with the places that are wrong. */
export const parseKycPolicy = (text: string): KycPolicy => parsePolicyText(text, KycPolicy, "A KYC policy");
