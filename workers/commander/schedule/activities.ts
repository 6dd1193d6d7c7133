// What a schedule does when it fires: opens the dealing days of a class that are due. The row of a day is unique, so that firing twice opens one.
import type { RoomActions } from "@evergreen-fund/agent-kit";
import { addDays } from "@evergreen-fund/finance/dealing/calendar.ts";
import { dueDates, LOOK_BACK_DAYS } from "./decide.ts";
import { readCalendar } from "./facts.ts";

export const scheduleActions: Pick<RoomActions<"commander">, "openDealingDays"> = {
  openDealingDays: async (context, { shareClassId, at }) => {
    const since = addDays(at.slice(0, 10), -LOOK_BACK_DAYS - 1);
    const facts = await context.facts((tx) => readCalendar(tx, shareClassId, since));
    const dates = await context.decide(() => dueDates(facts, Date.parse(at)));
    await context.record(async (rpc) => {
      for (const dealing_date of dates)
        await rpc("fn_open_dealing_day", { fund: facts?.fund ?? "", share_class: shareClassId, dealing_date });
    });
    return { dates };
  },
};
