// Who did something, as far as a page may say it: "you", or the actor's own code. Names of people are not in this database.
import { useSession } from "../api/session.tsx";

const [HEAD, TAIL] = [8, -4];

/** "user:1f2d3c4b-…" shortened; a room is called by its name. */
export const actorText = (actor: string): string => {
  const [kind = "", id = ""] = actor.split(/:(.*)/);
  return kind === "user" ? `user ${id.slice(0, HEAD)}…${id.slice(TAIL)}` : id === "" ? actor : `${kind} ${id}`;
};

export function Who({ actor }: { actor: string }) {
  const { person } = useSession();
  return actor === `user:${person?.userId}` ? "you" : <span title={actor}>{actorText(actor)}</span>;
}
