// The public statements: the capital account of an investor, the letters about fills, and the register of a period.
export { StatementEntry, StatementInput, StatementLot, StatementStrike } from "./books.ts";
export { capitalAccount, type Statement, StatementOutput } from "./capital-account.ts";
export { type FillLetter, FillLettersInput, FillLettersOutput, fillLetters } from "./fill-letter.ts";
export { Movement, RegisterMovementsInput, RegisterMovementsOutput, registerMovements } from "./register-movements.ts";
export { StatementBody, StatementFill } from "./statement-body.ts";
