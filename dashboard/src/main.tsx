// Where the browser begins: reads where the API is, restores the session, shows the page of the address.
import { QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { connect } from "./api/connect.ts";
import { queries } from "./api/read.ts";
import { SessionProvider } from "./api/session.tsx";
import { router } from "./routes.tsx";
import "./style.css";
import { applyHidden } from "./ui/hide.ts";
import { applyTheme } from "./ui/theme.ts";

applyTheme();
applyHidden();
const root = createRoot(document.getElementById("app") as HTMLElement);

connect().then(
  (door) =>
    root.render(
      <StrictMode>
        <QueryClientProvider client={queries}>
          <SessionProvider door={door}>
            <RouterProvider router={router} />
          </SessionProvider>
        </QueryClientProvider>
      </StrictMode>,
    ),
  () =>
    root.render(
      <main className="alone">
        <h1>Evergreen does not answer</h1>
        <p role="alert">The server could not be reached. Check that it runs, then load this page again.</p>
      </main>,
    ),
);
