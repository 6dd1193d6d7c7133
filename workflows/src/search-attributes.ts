// Search attributes: stored in clear by Temporal, so ids and codes only, never personal data.
import { defineSearchAttributeKey, SearchAttributeType } from "@temporalio/common";

export const SEARCH = {
  fundId: defineSearchAttributeKey("FundId", SearchAttributeType.KEYWORD),
  eventType: defineSearchAttributeKey("EventType", SearchAttributeType.KEYWORD),
  stage: defineSearchAttributeKey("Stage", SearchAttributeType.KEYWORD),
};
