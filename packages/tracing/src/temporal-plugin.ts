// One plugin for Temporal's client, worker, bundler and replay, so that the four cannot drift apart.
import { OpenTelemetryPlugin } from "@temporalio/interceptors-opentelemetry-v2";
import type { Tracing } from "./tracing.ts";

/**
 * Carries the trace from the client through the workflow to the last activity. Give the same plugin to `Client`, `Worker`, `bundleWorkflowCode` and
 * `Worker.runReplayHistory`, also when tracing is off: a bundle made with it looks for its span sink in every worker.
 */
export const temporalPlugin = ({
  resource,
  processor,
  tracer,
}: Pick<Tracing, "resource" | "processor" | "tracer">): OpenTelemetryPlugin =>
  new OpenTelemetryPlugin({ resource, spanProcessor: processor, tracer });
