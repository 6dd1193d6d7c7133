// What stands around every page: name, menu of the role, theme, who is signed in; and the sign-in instead of it when nobody is.
import { Link, Outlet, useRouterState } from "@tanstack/react-router";
import { Suspense, useEffect, useState } from "react";
import { useLive } from "./api/live.ts";
import { useSession } from "./api/session.tsx";
import { menuOf } from "./places.ts";
import { SignInPage } from "./sign-in/sign-in-page.tsx";
import { currentTheme, toggleTheme } from "./ui/theme.ts";
import { nameOf } from "./words/names.ts";

export function Layout() {
  const { person, supabase } = useSession();
  useLive();
  const path = useRouterState({ select: (state) => state.location.pathname });
  // a new page is read from its top, by the eye and by a screen reader
  useEffect(() => {
    if (path !== "/") document.querySelector<HTMLElement>("main h1")?.focus();
  }, [path]);
  if (person === undefined)
    return (
      <main className="alone">
        <p role="status">Loading …</p>
      </main>
    );
  if (person === null) return <SignInPage />;
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
        </nav>
        <div className="who">
          <span>
            <span className="email">{person.email}</span> <span className="role">{nameOf(person.role)}</span>
          </span>
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
