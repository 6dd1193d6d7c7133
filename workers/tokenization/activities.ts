// Tokenization's first action: register a requested operation against its compliance verdict. Nothing is sent to a chain here.
import { room } from "@evergreen-fund/agent-kit";
import type { Activities, House } from "../rooms.ts";

export const tokenization = (house: House): Activities =>
  room("tokenization", house, {
    register: async (context, { eventId }) => {
      const { action_id, status } = await context.record((rpc) =>
        rpc("fn_register_tokenization", { event_id: eventId }),
      );
      return { actionId: action_id, status };
    },
  });
