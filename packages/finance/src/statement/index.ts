// The public statements: the capital account of an investor, and the register of a period.
export { StatementEntry, StatementInput, StatementLot, StatementStrike } from "./books.ts";
export { capitalAccount, type Statement, StatementOutput } from "./capital-account.ts";
export { Movement, RegisterMovementsInput, RegisterMovementsOutput, registerMovements } from "./register-movements.ts";
