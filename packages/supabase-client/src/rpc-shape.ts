// What the tables of RPCs are written in: the shape of one entry and the scalars that stand in its arguments and answers.
import { z } from "zod";

export const uuid = z.uuid();
export const id = z.string().min(1).max(200);
export const json = z.record(z.string(), z.unknown());
export const amount = z.string();
export const day = z.iso.date();
export const when = z.coerce.date();
export const bigint = z.coerce.string();
export const request_id = id.optional();

/** `one`: a scalar · `row`: one row · `rows`: any number. */
export interface Rpc<A extends z.ZodType = z.ZodType, R extends z.ZodType = z.ZodType> {
  args: A;
  result: R;
  shape: "one" | "row" | "rows";
}
export const rpc = <S extends Rpc["shape"], A extends z.ZodType, R extends z.ZodType>(
  shape: S,
  args: A,
  result: R,
) => ({ shape, args, result });
