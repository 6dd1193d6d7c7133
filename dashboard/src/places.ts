// Where each role begins and what its menu holds. It hides nothing that the database would show: it only says what is useful.

export interface Place {
  to: "/pm" | "/pm/stress" | "/lp" | "/ops" | "/audit" | "/";
  name: string;
}

const MENU: Readonly<Record<string, readonly Place[]>> = {
  pm_role: [
    { to: "/pm", name: "Morning" },
    { to: "/pm/stress", name: "Stress" },
    { to: "/ops", name: "Desk" },
    { to: "/audit", name: "Audit trail" },
  ],
  lp_role: [{ to: "/lp", name: "My investment" }],
  ops_role: [
    { to: "/ops", name: "Desk" },
    { to: "/pm", name: "Morning" },
    { to: "/audit", name: "Audit trail" },
  ],
  audit_role: [
    { to: "/audit", name: "Audit trail" },
    { to: "/pm", name: "Morning" },
    { to: "/ops", name: "Desk" },
  ],
};

export const menuOf = (role: string): readonly Place[] => MENU[role] ?? [];
export const homeOf = (role: string): Place["to"] => menuOf(role)[0]?.to ?? "/";
