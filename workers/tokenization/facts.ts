// What the room looks at: the operation as the database lets it begin, and what the chain should have of a class. Each in one answer.
import type { RoomContext } from "@evergreen-fund/agent-kit";
import type { TokenRegister, TokenWork } from "@evergreen-fund/supabase-client";

/** Begins an operation that whoever must has approved; asked again it says the same. */
export const readWork = (context: RoomContext, actionId: string): Promise<TokenWork> =>
  context.look("fn_begin_token_action", { action_id: actionId });

export const readRegister = (context: RoomContext, contractId: string, block: number): Promise<TokenRegister> =>
  context.look("fn_read_token_register", { contract_id: contractId, block });
