// Which of the demo logins the demo fund knows: who imports it, and who looks after which investors.
import type { PersonRole } from "@evergreen-fund/domain/roles.ts";
import { DEMO_LOGINS } from "@evergreen-fund/stack/demo-logins.ts";
import type { LpLogins } from "./generate.ts";

const loginsOf = (role: PersonRole): string[] =>
  DEMO_LOGINS.filter((login) => login.role === role).map((login) => login.userId);
const [firstLp, secondLp] = loginsOf("lp_role");
const [firstOps] = loginsOf("ops_role");
if (firstLp === undefined || secondLp === undefined || firstOps === undefined)
  throw new Error("The demo needs two investors' logins and one of operations.");

export const LP_USERS: LpLogins = { first: firstLp, second: secondLp };
export const OPS_USER: string = firstOps;
