// Which address shows which page. Heavy pages are fetched when they are looked at.
import {
  createRootRoute,
  createRoute,
  createRouter,
  Navigate,
  type RouteComponent,
  redirect,
} from "@tanstack/react-router";
import { lazy } from "react";
import { useSession } from "./api/session.tsx";
import { Layout } from "./layout.tsx";
import { homeOf } from "./places.ts";
import { SignInPage } from "./sign-in/sign-in-page.tsx";

const DeskPage = lazy(() => import("./ops/desk-page.tsx"));
const HomePage = lazy(() => import("./lp/home-page.tsx"));
const StatementPage = lazy(() => import("./lp/statement-page.tsx"));
const ProposalPage = lazy(() => import("./pm/proposal-page.tsx"));
const StressPage = lazy(() => import("./pm/stress-page.tsx"));
const TrailPage = lazy(() => import("./audit/trail-page.tsx"));
const MorningPage = lazy(() => import("./pm/morning-page.tsx"));

const root = createRootRoute({ component: Layout, notFoundComponent: NotFound });

function NotFound() {
  return (
    <div className="state">
      <h1>There is no such page</h1>
      <p>
        <a href="/">Go to the first page</a>
      </p>
    </div>
  );
}

/** Everybody begins with what their role needs first. */
function Start() {
  const { person } = useSession();
  return person ? <Navigate to={homeOf(person.role)} replace /> : <SignInPage />;
}

const page = <Path extends string>(path: Path, component: RouteComponent) =>
  createRoute({ getParentRoute: () => root, path, component });

const routeTree = root.addChildren([
  page("/", Start),
  page("/pm", MorningPage),
  page("/pm/proposals/$proposalId", ProposalPage),
  createRoute({
    getParentRoute: () => root,
    path: "/pm/stress",
    component: StressPage,
    validateSearch: (search): { run?: string; against?: string } => ({
      ...(typeof search.run === "string" ? { run: search.run } : {}),
      ...(typeof search.against === "string" ? { against: search.against } : {}),
    }),
  }),
  page("/ops", DeskPage),
  createRoute({
    getParentRoute: () => root,
    path: "/audit",
    component: TrailPage,
    // what is looked at stands in the address, so that it can be sent to somebody
    validateSearch: (search): { entity?: string; before?: string } => ({
      ...(typeof search.entity === "string" ? { entity: search.entity } : {}),
      ...(/^\d+$/.test(String(search.before)) ? { before: String(search.before) } : {}),
    }),
  }),
  page("/lp", HomePage),
  page("/lp/statements/$statementId", StatementPage),
  createRoute({
    getParentRoute: () => root,
    path: "/sign-in",
    beforeLoad: () => {
      throw redirect({ to: "/" });
    },
  }),
]);

export const router = createRouter({ routeTree, defaultPreload: "intent" });

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}
