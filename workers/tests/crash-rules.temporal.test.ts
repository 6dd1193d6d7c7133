// The crash points of rules that ask about personal data, in houses where no list and no policy of onboarding was set before.
import { crashes, openLanes } from "./crash-suite.ts";

openLanes();
crashes("rules");
