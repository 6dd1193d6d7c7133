// Which playbook an event gets. Pure.
import {
  type CommanderPlaybook,
  type ErrorCode,
  EVENTS,
  EvergreenError,
  isEventName,
  OWN_WORKFLOWS,
  type Playbook,
} from "@evergreen-fund/domain";
import type { EventFacts } from "./facts.ts";

export interface Plan {
  type: string;
  playbook: CommanderPlaybook;
  /** What to ask memory before planning. */
  question: string;
}

/** A payload its schema refuses ends the run with a reason; it still has a run, so that people find it. */
export interface Refusal {
  type: string;
  refused: EvergreenError;
}

/** Refused: EG400 a type that is not known or a payload its schema refuses, EG428 a type that starts no run of the Commander. @throws EvergreenError EG404 unknown event. */
export function choosePlaybook(facts: EventFacts | null): Plan | Refusal {
  if (facts === null) throw new EvergreenError("EG404", "The event does not exist.");
  const { type, payload, fundCode } = facts;
  const refuse = (code: ErrorCode, words: string): Refusal => ({ type, refused: new EvergreenError(code, words) });
  if (!isEventName(type)) return refuse("EG400", `No playbook knows ${type}.`);
  const known = EVENTS[type] as (typeof EVENTS)[keyof typeof EVENTS] & { playbook?: Playbook };
  const { playbook } = known;
  if (known.mode !== "run" || playbook === undefined || Object.hasOwn(OWN_WORKFLOWS, playbook))
    return refuse("EG428", `${type} starts no run of the Commander.`);
  if (!known.payload.safeParse(payload).success)
    return refuse("EG400", `The payload of ${type} is not what its schema says.`);
  return {
    type,
    playbook: playbook as CommanderPlaybook,
    question: `${type.toLowerCase().replaceAll("_", " ")} of fund ${fundCode ?? "none"}`,
  };
}
