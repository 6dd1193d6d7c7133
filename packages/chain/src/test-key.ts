// A key nobody has seen before: for tests of keys without funds.
export { generatePrivateKey } from "viem/accounts";
