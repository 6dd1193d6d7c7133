// Where Chromium is for the browser suite: CHROMIUM_PATH, or where Debian's package puts it.
export const CHROMIUM = process.env.CHROMIUM_PATH ?? "/usr/bin/chromium";
