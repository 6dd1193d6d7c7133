// The book of a dealing day as the database answers it; how the engine takes it is finance's (`dealing/book-input.ts`), which the dashboard asks too.
export type { Book } from "@evergreen-fund/domain/dealing-book.ts";
export { dealBook, dealInput, toolsOf } from "@evergreen-fund/finance/dealing/book-input.ts";
