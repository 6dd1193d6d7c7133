// What span names promises, case by case.
import { ROOMS } from "@evergreen-fund/domain/roles.ts";
import { SpanName } from "@temporalio/interceptors-opentelemetry-v2";
import { describe, expect, it } from "vitest";
import { listedName, ROOM_STEPS, roomSpan, SPAN_NAMES, TEMPORAL_SPANS, UNLISTED } from "./span-names.ts";

const SAMPLES: Record<string, string> = {
  "<type>": "REBALANCE_REQUESTED",
  "<fn>": "fn_record_event",
  "<room>": "liquidity-engine",
  "<step>": "decide",
};
const sampleOf = (name: string): string => name.replace(/<\w+>/g, (word) => SAMPLES[word] ?? "supabase");

describe("the table of span names", () => {
  it.each(Object.keys(SPAN_NAMES))("lists %s", (name) => {
    expect(listedName(sampleOf(name))).toBe(sampleOf(name));
  });

  it("lists every room and step", () => {
    for (const room of ROOMS) {
      for (const step of ROOM_STEPS)
        expect(listedName(roomSpan(room, "reserve", step))).toBe(`room.${room}.reserve.${step}`);
    }
  });

  it("lists every verb of Temporal's interceptors but Nexus, which is not used", () => {
    expect([...TEMPORAL_SPANS].sort()).toEqual(
      Object.values(SpanName)
        .filter((verb) => !verb.includes("Nexus"))
        .sort(),
    );
    expect(listedName("RunActivity:liquidity-engine.reserve")).toBe("RunActivity:liquidity-engine.reserve");
  });

  it.each([
    "rpc.fn_pay_jane.doe@example.org",
    "rpc.record_event",
    "event.Jane Doe asked for 1,000,000.00",
    "room.kitchen.reserve.facts",
    "room.kyc.screen.Jane",
    "RunActivity:kyc screen Jane",
    "StealWorkflow:x",
    "memory.recall\nand more",
    "",
  ])("does not list %j", (name) => {
    expect(listedName(name)).toBe(UNLISTED);
  });
});
