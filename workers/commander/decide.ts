// Which playbook an event gets. Pure.
import { EVENTS, EvergreenError, isEventName, type Playbook } from "@evergreen-fund/domain";
import type { EventFacts } from "./facts.ts";

export interface Plan {
  type: string;
  playbook: Playbook;
  /** What to ask memory before planning. */
  question: string;
}

/** @throws EvergreenError EG404 unknown event, EG400 a payload its schema refuses, EG428 a type that starts no run. */
export function choosePlaybook(facts: EventFacts | null): Plan {
  if (facts === null) throw new EvergreenError("EG404", "The event does not exist.");
  if (!isEventName(facts.type)) throw new EvergreenError("EG400", `No playbook knows ${facts.type}.`);
  const known = EVENTS[facts.type] as (typeof EVENTS)[keyof typeof EVENTS] & { playbook?: Playbook };
  if (known.mode !== "run" || known.playbook === undefined)
    throw new EvergreenError("EG428", `${facts.type} starts no run.`);
  if (!known.payload.safeParse(facts.payload).success)
    throw new EvergreenError("EG400", `The payload of ${facts.type} is not what its schema says.`);
  return {
    type: facts.type,
    playbook: known.playbook,
    question: `${facts.type.toLowerCase().replaceAll("_", " ")} of fund ${facts.fundCode ?? "none"}`,
  };
}
