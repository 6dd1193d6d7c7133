// The crash points of onboarding, screening and the calendar of obligations.
import { crashes, openLanes } from "./crash-suite.ts";

openLanes();
crashes("people");
