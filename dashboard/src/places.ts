// Where each role begins and what its menu holds. It hides nothing that the database would show: it only says what is useful.

export interface Place {
  to: "/pm" | "/lp" | "/";
  name: string;
}

const MENU: Readonly<Record<string, readonly Place[]>> = {
  pm_role: [{ to: "/pm", name: "Morning" }],
  lp_role: [{ to: "/lp", name: "My investment" }],
  ops_role: [{ to: "/pm", name: "Morning" }],
  audit_role: [{ to: "/pm", name: "Morning" }],
};

export const menuOf = (role: string): readonly Place[] => MENU[role] ?? [];
export const homeOf = (role: string): Place["to"] => menuOf(role)[0]?.to ?? "/";
