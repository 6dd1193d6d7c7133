// `login`, `logout`, `whoami`: who the command line is, signed in through the browser.
import { setTimeout as sleep } from "node:timers/promises";
import { readConfig } from "@evergreen-fund/config/config.ts";
import type { Command } from "../command.ts";
import { type Connection, connectionFor } from "../connection.ts";
import type { Context } from "../context.ts";
import { askForCode, post, waitForApproval } from "../device-code.ts";
import { facts } from "../output.ts";
import { SignInFile } from "../sign-in-file.ts";

async function placeOf(context: Context): Promise<{ connection: Connection; file: SignInFile }> {
  return {
    connection: await connectionFor(context.environment),
    file: new SignInFile(readConfig(context.environment).home),
  };
}

export const loginCommands: readonly Command[] = [
  {
    path: "login",
    summary: "Signs this computer in: shows a code that you approve in the browser",
    examples: ["login"],
    run: async (context) => {
      const { connection, file } = await placeOf(context);
      const asked = await askForCode(connection);
      context.note(`Open ${asked.verification_uri} and enter the code ${asked.user_code} (good for ten minutes).`);
      const session = await context.progress("Waiting for your approval", () =>
        waitForApproval(connection, asked, (seconds) => sleep(seconds * 1_000)),
      );
      const { email, role, url } = file.keep(connection.url, session);
      return { json: { email, role, url }, text: `Signed in as ${email} (${role}) at ${url}.` };
    },
  },
  {
    path: "logout",
    summary: "Ends the session of `login`, on the server too, and removes its file",
    examples: ["logout"],
    run: async (context) => {
      const { connection, file } = await placeOf(context);
      // of a file that others could read the tokens go all the same
      let token: string | undefined;
      try {
        token = file.read(connection.url)?.accessToken;
      } finally {
        file.forget();
      }
      const ended =
        token !== undefined && (await post(connection, "/auth/v1/logout?scope=local", {}, token)).status < 300;
      return {
        json: { signedOut: token !== undefined, ended },
        text: token === undefined ? "Nobody was signed in." : "Signed out.",
      };
    },
  },
  {
    path: "whoami",
    role: "pm_role",
    summary: "Says as whom the next command would act, and how that was found out",
    examples: ["whoami", "whoami --as pm1@demo.evergreen.example"],
    run: async (context) => {
      const session = await context.session("pm_role");
      const { email, userId, url, signedInBy } = session;
      const json = { email, userId, url, signedInBy };
      return {
        json,
        text: facts([
          ["e-mail", email],
          ["id", userId],
          ["at", url],
          ["signed in by", signedInBy],
        ]),
      };
    },
  },
];
