// Where each role begins and what its menu holds. It hides nothing that the database would show: it only says what is useful.

export interface Place {
  to:
    | "/pm"
    | "/pm/dealing"
    | "/pm/exposure"
    | "/pm/lab"
    | "/pm/stress"
    | "/pm/tokens"
    | "/lp"
    | "/lp/redeem"
    | "/lp/record"
    | "/ops"
    | "/audit"
    | "/";
  name: string;
}

const MENU: Readonly<Record<string, readonly Place[]>> = {
  pm_role: [
    { to: "/pm", name: "Morning" },
    { to: "/pm/dealing", name: "Dealing" },
    { to: "/pm/exposure", name: "Exposure" },
    { to: "/pm/stress", name: "Stress" },
    { to: "/pm/lab", name: "Lab" },
    { to: "/pm/tokens", name: "Tokens" },
    { to: "/ops", name: "Desk" },
    { to: "/audit", name: "Audit trail" },
  ],
  lp_role: [
    { to: "/lp", name: "My investment" },
    { to: "/lp/redeem", name: "Redeem" },
    { to: "/lp/record", name: "My record" },
  ],
  ops_role: [
    { to: "/ops", name: "Desk" },
    { to: "/pm", name: "Morning" },
    { to: "/pm/tokens", name: "Tokens" },
    { to: "/audit", name: "Audit trail" },
  ],
  audit_role: [
    { to: "/audit", name: "Audit trail" },
    { to: "/pm", name: "Morning" },
    { to: "/pm/tokens", name: "Tokens" },
    { to: "/ops", name: "Desk" },
  ],
};

export const menuOf = (role: string): readonly Place[] => MENU[role] ?? [];
export const homeOf = (role: string): Place["to"] => menuOf(role)[0]?.to ?? "/";
