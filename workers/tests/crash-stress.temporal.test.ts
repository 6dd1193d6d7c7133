// The crash points of stress runs, of the night and of retention.
import { crashes, openLanes } from "./crash-suite.ts";

openLanes();
crashes("stress");
