// Which of the demo logins the demo fund knows: who imports it and takes orders, who moves its cash, who approves, and who looks after which investors.
import type { Actor, PersonRole } from "@evergreen-fund/domain/roles.ts";
import { DEMO_LOGINS } from "@evergreen-fund/stack/demo-logins.ts";
import type { LpLogins } from "./generate.ts";

function pairOf(role: PersonRole): [Actor & { userId: string }, Actor & { userId: string }] {
  const [first, second] = DEMO_LOGINS.filter((login) => login.role === role);
  if (first === undefined || second === undefined) throw new Error(`The demo needs two logins of ${role}.`);
  return [
    { role, userId: first.userId },
    { role, userId: second.userId },
  ];
}
const [firstLp, secondLp] = pairOf("lp_role");

export const LP_USERS: LpLogins = { first: firstLp.userId, second: secondLp.userId };
export const [CLERK, CASHIER] = pairOf("ops_role");
export const APPROVERS = pairOf("pm_role");
