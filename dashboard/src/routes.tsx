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
import { sampleSearch, timelineSearch } from "./audit/audit-search.ts";
import { Layout } from "./layout.tsx";
import { casesSearch } from "./ops/cases-search.ts";
import { homeOf } from "./places.ts";
import { fundSearch } from "./pm/fund-search.ts";
import { isRange, type Range } from "./pm/ranges.ts";
import { LinkPage } from "./sign-in/link-page.tsx";
import { SignInPage } from "./sign-in/sign-in-page.tsx";

const AccountPage = lazy(() => import("./sign-in/account-page.tsx"));
const DevicePage = lazy(() => import("./sign-in/device-page.tsx"));
const BreaksPage = lazy(() => import("./ops/breaks-page.tsx"));
const CalendarPage = lazy(() => import("./ops/calendar-page.tsx"));
const SchedulesPage = lazy(() => import("./ops/schedules-page.tsx"));
const WebhooksPage = lazy(() => import("./ops/webhooks-page.tsx"));
const RunsPage = lazy(() => import("./ops/runs-page.tsx"));
const TimelinePage = lazy(() => import("./audit/timeline-page.tsx"));
const SamplesPage = lazy(() => import("./audit/samples-page.tsx"));
const PacksPage = lazy(() => import("./audit/packs-page.tsx"));
const CasePage = lazy(() => import("./ops/case-page.tsx"));
const CasesPage = lazy(() => import("./ops/cases-page.tsx"));
const DeskPage = lazy(() => import("./ops/desk-page.tsx"));
const HomePage = lazy(() => import("./lp/home-page.tsx"));
const OrderPage = lazy(() => import("./lp/order-page.tsx"));
const RecordPage = lazy(() => import("./lp/record-page.tsx"));
const RedeemPage = lazy(() => import("./lp/redeem-page.tsx"));
const StatementPage = lazy(() => import("./lp/statement-page.tsx"));
const DealingPage = lazy(() => import("./pm/dealing-page.tsx"));
const ExposurePage = lazy(() => import("./pm/exposure-page.tsx"));
const LabPage = lazy(() => import("./pm/lab-page.tsx"));
const ProposalPage = lazy(() => import("./pm/proposal-page.tsx"));
const StressPage = lazy(() => import("./pm/stress-page.tsx"));
const TokensPage = lazy(() => import("./pm/tokens-page.tsx"));
const TrailPage = lazy(() => import("./audit/trail-page.tsx"));
const ImportPage = lazy(() => import("./ops/import-page.tsx"));
const ImportsPage = lazy(() => import("./ops/imports-page.tsx"));
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
  createRoute({
    getParentRoute: () => root,
    path: "/pm",
    component: MorningPage,
    validateSearch: (search): { fund?: string; range?: Range } => ({
      ...fundSearch(search),
      ...(isRange(search.range) ? { range: search.range } : {}),
    }),
  }),
  page("/pm/proposals/$proposalId", ProposalPage),
  createRoute({
    getParentRoute: () => root,
    path: "/pm/dealing",
    component: DealingPage,
    validateSearch: (search): { day?: string; cap?: string } => ({
      ...(typeof search.day === "string" ? { day: search.day } : {}),
      // per cent of the NAV
      ...(/^\d{1,3}(\.\d{1,4})?$/.test(String(search.cap)) ? { cap: String(search.cap) } : {}),
    }),
  }),
  createRoute({
    getParentRoute: () => root,
    path: "/pm/exposure",
    component: ExposurePage,
    // the request that is followed
    validateSearch: (search): { fund?: string; event?: string } => ({
      ...fundSearch(search),
      ...(typeof search.event === "string" ? { event: search.event } : {}),
    }),
  }),
  createRoute({
    getParentRoute: () => root,
    path: "/pm/lab",
    component: LabPage,
    validateSearch: (search): { scenario?: string; fund?: string } => ({
      ...fundSearch(search),
      ...(typeof search.scenario === "string" ? { scenario: search.scenario } : {}),
    }),
  }),
  createRoute({
    getParentRoute: () => root,
    path: "/pm/stress",
    component: StressPage,
    validateSearch: (search): { run?: string; against?: string; scenario?: string } => ({
      // whose frontier is looked at
      ...(typeof search.scenario === "string" ? { scenario: search.scenario } : {}),
      ...(typeof search.run === "string" ? { run: search.run } : {}),
      ...(typeof search.against === "string" ? { against: search.against } : {}),
    }),
  }),
  createRoute({ getParentRoute: () => root, path: "/pm/tokens", component: TokensPage, validateSearch: fundSearch }),
  page("/ops", DeskPage),
  createRoute({ getParentRoute: () => root, path: "/ops/cases", component: CasesPage, validateSearch: casesSearch }),
  page("/ops/cases/$code", CasePage),
  page("/ops/runs", RunsPage),
  createRoute({
    getParentRoute: () => root,
    path: "/ops/webhooks",
    component: WebhooksPage,
    // the endpoint and the delivery that are looked at
    validateSearch: (search): { endpoint?: string; delivery?: string } => ({
      ...(typeof search.endpoint === "string" ? { endpoint: search.endpoint } : {}),
      ...(typeof search.delivery === "string" ? { delivery: search.delivery } : {}),
    }),
  }),
  createRoute({
    getParentRoute: () => root,
    path: "/ops/schedules",
    component: SchedulesPage,
    // the clock that is acted on
    validateSearch: (search): { clock?: string } => (typeof search.clock === "string" ? { clock: search.clock } : {}),
  }),
  createRoute({
    getParentRoute: () => root,
    path: "/ops/reconciliation",
    component: BreaksPage,
    validateSearch: (search): { kind?: string; days?: string } => ({
      ...(typeof search.kind === "string" ? { kind: search.kind } : {}),
      ...(/^\d{1,4}$/.test(String(search.days)) ? { days: String(search.days) } : {}),
    }),
  }),
  createRoute({
    getParentRoute: () => root,
    path: "/ops/calendar",
    component: CalendarPage,
    validateSearch: (search): { month?: string; fund?: string; kind?: string } => ({
      ...(/^\d{4}-(0[1-9]|1[0-2])$/.test(String(search.month)) ? { month: String(search.month) } : {}),
      ...(typeof search.fund === "string" ? { fund: search.fund } : {}),
      ...(typeof search.kind === "string" ? { kind: search.kind } : {}),
    }),
  }),
  createRoute({
    getParentRoute: () => root,
    path: "/audit/timeline",
    component: TimelinePage,
    validateSearch: timelineSearch,
  }),
  createRoute({
    getParentRoute: () => root,
    path: "/audit/samples",
    component: SamplesPage,
    validateSearch: sampleSearch,
  }),
  createRoute({
    getParentRoute: () => root,
    path: "/audit/packs",
    component: PacksPage,
    // the pack that was asked for
    validateSearch: (search): { pack?: string } => (typeof search.pack === "string" ? { pack: search.pack } : {}),
  }),
  page("/ops/imports", ImportsPage),
  createRoute({
    getParentRoute: () => root,
    path: "/ops/imports/$importId",
    component: ImportPage,
    validateSearch: (search): { outcome?: string } =>
      typeof search.outcome === "string" ? { outcome: search.outcome } : {},
  }),
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
  page("/sign-in/account", AccountPage),
  page("/sign-in/device", DevicePage),
  page("/sign-in/link", LinkPage),
  page("/lp/orders/$flowId", OrderPage),
  page("/lp/record", RecordPage),
  createRoute({
    getParentRoute: () => root,
    path: "/lp/redeem",
    component: RedeemPage,
    validateSearch: (search): { holding?: string; units?: string } => ({
      ...(typeof search.holding === "string" ? { holding: search.holding } : {}),
      ...(/^\d{1,15}(\.\d{1,10})?$/.test(String(search.units)) ? { units: String(search.units) } : {}),
    }),
  }),
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
