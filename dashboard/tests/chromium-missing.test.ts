// Stands in for the browser suite where there is no Chromium, so that nobody takes its absence for a pass.
import { it } from "vitest";
import { CHROMIUM } from "./chromium-path.ts";

it.skip(`the dashboard in a real browser: needs Chromium at ${CHROMIUM} (apt-get install chromium, or set CHROMIUM_PATH)`, () => {});
