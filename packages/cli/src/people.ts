// Who stands behind an actor such as "user:<id>", as far as it is known here: the demo logins, and whoever signed in. Pure.

export interface Person {
  userId: string;
  email: string;
  role: string;
}

const PREFIX = "user:";

export class People {
  readonly #known: readonly Person[];

  constructor(known: readonly Person[]) {
    this.#known = known;
  }

  /** The e-mail address of a person who is known; every other actor as it is. */
  nameOf(actor: string): string {
    return this.#known.find(({ userId }) => actor === `${PREFIX}${userId}`)?.email ?? actor;
  }

  /** A portfolio manager who is known and is not `actor`, or a word that stands for one. */
  secondTo(actor: string): string {
    return this.#managersBeside([actor])[0] ?? "SECOND-PERSON";
  }

  /** Portfolio managers who are known and none of `actors`, or words that stand for them. */
  managers(actors: readonly string[]): string[] {
    const others = this.#managersBeside(actors);
    return others.length > 0 ? others : ["FIRST-PERSON", "SECOND-PERSON"];
  }

  #managersBeside(actors: readonly string[]): string[] {
    return this.#known
      .filter(({ userId, role }) => role === "pm_role" && !actors.includes(`${PREFIX}${userId}`))
      .map(({ email }) => email);
  }
}
