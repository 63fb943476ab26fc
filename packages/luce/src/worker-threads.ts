/**
 * Gives Node the browser's `Worker`, over its worker threads.
 *
 * jax-js runs its WebAssembly kernels on all cores only where a global `Worker` and shared memory exist; Node has the
 * threads under another name. Imported for its effect, before jax-js, by `jax.ts` alone. A browser has its own.
 */
export {};

type Threads = typeof import("node:worker_threads");
type Buffers = typeof import("node:buffer");

/** What a worker's own script expects of its global scope. */
const WORKER_SCOPE = `
const { parentPort } = require("node:worker_threads");
globalThis.self = globalThis;
globalThis.postMessage = (message) => parentPort.postMessage(message);
parentPort.on("message", (data) => globalThis.onmessage?.({ data }));
`;

const node = typeof process === "object" && typeof process.getBuiltinModule === "function" ? process : undefined;
if (node && typeof Worker === "undefined") {
  const worker = workerOver(
    node.getBuiltinModule("node:worker_threads") as Threads,
    node.getBuiltinModule("node:buffer") as Buffers,
  );
  Object.defineProperty(globalThis, "Worker", { value: worker, configurable: true, writable: true });
}

/** A `Worker` whose script is a `blob:` or `data:` URL. It keeps the process alive only while a message is unanswered. */
function workerOver({ Worker: Thread }: Threads, { resolveObjectURL }: Buffers) {
  return class ThreadWorker {
    onmessage: ((event: { data: unknown }) => void) | null = null;
    onerror: ((event: { message: string }) => void) | null = null;
    #thread: InstanceType<Threads["Worker"]> | undefined;
    #waiting: unknown[] = [];
    #unanswered = 0;

    constructor(url: string | URL) {
      readScript(String(url)).then(
        (script) => this.#start(script),
        (error) => this.onerror?.({ message: String(error) }),
      );
    }

    postMessage(message: unknown): void {
      if (!this.#thread) this.#waiting.push(message);
      else {
        if (this.#unanswered++ === 0) this.#thread.ref();
        this.#thread.postMessage(message);
      }
    }

    terminate(): void {
      this.#thread?.terminate();
    }

    #start(script: string): void {
      const thread = new Thread(WORKER_SCOPE + script, { eval: true });
      thread.on("message", (data) => {
        if (--this.#unanswered === 0) thread.unref();
        this.onmessage?.({ data });
      });
      thread.on("error", (error) => this.onerror?.({ message: String(error) }));
      thread.unref();
      this.#thread = thread;
      for (const message of this.#waiting.splice(0)) this.postMessage(message);
    }
  };

  async function readScript(url: string): Promise<string> {
    const blob = url.startsWith("blob:") ? resolveObjectURL(url) : await (await fetch(url)).blob();
    if (!blob) throw new Error(`there is no script at ${url}`);
    return blob.text();
  }
}
