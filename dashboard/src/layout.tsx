// What stands around every page: name, menu of the role, theme, who is signed in; and the sign-in instead of it when nobody is.
import { Link, Outlet, useRouterState } from "@tanstack/react-router";
import { lazy, Suspense, useEffect, useState } from "react";
import { useLive } from "./api/live.ts";
import { useSession } from "./api/session.tsx";
import { closeFigure, useOpened } from "./figure/opened.ts";
import { menuOf } from "./places.ts";
import { LinkPage } from "./sign-in/link-page.tsx";
import { SecondStepPage, useStepDue } from "./sign-in/second-factor.tsx";
import { SignInPage } from "./sign-in/sign-in-page.tsx";
import { toggleHidden } from "./ui/hide.ts";
import { currentTheme, toggleTheme } from "./ui/theme.ts";
import { useHiddenAmounts } from "./words/hidden.ts";
import { nameOf } from "./words/names.ts";

const Palette = lazy(() => import("./palette/palette.tsx"));
const FigurePanel = lazy(() => import("./figure/figure-panel.tsx"));

export function Layout() {
  const { person, supabase } = useSession();
  const step = useStepDue();
  useLive(step === "none");
  const path = useRouterState({ select: (state) => state.location.pathname });
  // a new page is read from its top, by the eye and by a screen reader
  useEffect(() => {
    if (path !== "/") document.querySelector<HTMLElement>("main h1")?.focus();
  }, [path]);
  const [isPaletteOpen, setPaletteOpen] = usePalette();
  const explained = useOpened();
  // what one person had open is not for the next one
  useEffect(() => {
    if (person === null) closeFigure();
  }, [person]);
  if (path === "/sign-in/link" && person !== undefined) return <LinkPage />;
  if (person === undefined || (person !== null && step === undefined))
    return (
      <main className="alone">
        <p role="status">Loading …</p>
      </main>
    );
  if (person === null) return <SignInPage />;
  if (step === "code" || step === "enrol") return <SecondStepPage step={step} />;
  return (
    <>
      <a className="skip" href="#content">
        To the content
      </a>
      <header>
        <Link to="/" className="brand">
          Evergreen
        </Link>
        <nav aria-label="Pages">
          {menuOf(person.role).map(({ to, name }) => (
            <Link key={to} to={to} activeOptions={{ exact: true, includeSearch: false }}>
              {name}
            </Link>
          ))}
          <a href="/docs">Documentation</a>
        </nav>
        <div className="who">
          <span>
            <Link to="/sign-in/account" className="email">
              {person.email}
            </Link>{" "}
            <span className="role">{nameOf(person.role)}</span>
          </span>
          <button type="button" className="quiet" aria-haspopup="dialog" onClick={() => setPaletteOpen(true)}>
            Go to <kbd>Ctrl K</kbd>
          </button>
          <HideButton />
          <ThemeButton />
          <button type="button" className="quiet" onClick={() => void supabase.auth.signOut({ scope: "local" })}>
            Sign out
          </button>
        </div>
      </header>
      <main id="content" tabIndex={-1}>
        <Suspense
          fallback={
            <p className="state" role="status">
              Loading …
            </p>
          }
        >
          <Outlet />
        </Suspense>
      </main>
      {isPaletteOpen && (
        <Suspense fallback={null}>
          <Palette onClose={() => setPaletteOpen(false)} />
        </Suspense>
      )}
      {explained.length > 0 && (
        <Suspense fallback={null}>
          <FigurePanel path={explained} />
        </Suspense>
      )}
    </>
  );
}

function ThemeButton() {
  const [theme, setTheme] = useState(currentTheme);
  return (
    <button type="button" className="quiet" onClick={() => setTheme(toggleTheme())}>
      {theme === "dark" ? "Light" : "Dark"}
    </button>
  );
}

/** Ctrl or Cmd and K opens it, wherever one is; not over another dialog. */
function usePalette() {
  const [isOpen, setOpen] = useState(false);
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.key.toLowerCase() !== "k" || !(event.ctrlKey || event.metaKey) || event.altKey || event.shiftKey)
        return;
      event.preventDefault();
      if (document.querySelector("dialog[open]") === null) setOpen(true);
    };
    document.addEventListener("keydown", onKey);
    return () => document.removeEventListener("keydown", onKey);
  }, []);
  return [isOpen, setOpen] as const;
}

/** For who shows the screen to others. */
function HideButton() {
  const hidden = useHiddenAmounts();
  return (
    <button type="button" className="quiet" onClick={toggleHidden}>
      {hidden ? "Show amounts" : "Hide amounts"}
    </button>
  );
}
