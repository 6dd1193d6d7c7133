// What in memory port promises, case by case.
import { randomUUID } from "node:crypto";
import { FundId } from "@evergreen-fund/domain/ids.ts";
import { inMemoryPort } from "./in-memory-port.ts";
import { memoryPortContract } from "./memory-port.contract.ts";

memoryPortContract("this process", async () => ({
  port: inMemoryPort(),
  newFund: async () => FundId.parse(randomUUID()),
}));
