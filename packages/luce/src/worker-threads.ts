/**
 * Gives Node the browser's `Worker`, over its worker threads.
 *
 * jax-js runs its WebAssembly kernels on all cores only where a global `Worker` and shared memory exist; Node has the
 * threads under another name. Imported for its effect, before jax-js, by `jax.ts` alone. A browser has its own.
 *
 * jax-js makes one worker a core, gives small kernels to the first alone, and otherwise waits. So the first worker is
 * the waiting thread itself: it works instead of waiting, and a small kernel costs no message between threads.
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

/** Milliseconds after which the first worker lets timers, signals and sockets have their turn. */
const TURN = 10;

type Receiver = { onmessage: ((event: { data: unknown }) => void) | null };
/** Where a worker's messages go. */
type Post = (message: unknown) => void;

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
  let made = 0;
  return class ThreadWorker implements Receiver {
    onmessage: ((event: { data: unknown }) => void) | null = null;
    onerror: ((event: { message: string }) => void) | null = null;
    #post: Post | undefined;
    #waiting: unknown[] = [];

    constructor(url: string | URL) {
      const start = made++ === 0 ? startHere : startThread;
      const fail = (error: unknown) => this.onerror?.({ message: String(error) });
      readScript(String(url)).then((script) => {
        this.#post = start(script, this, fail);
        for (const message of this.#waiting.splice(0)) this.#post(message);
      }, fail);
    }

    postMessage(message: unknown): void {
      if (this.#post) this.#post(message);
      else this.#waiting.push(message);
    }
  };

  /** Runs the script in a thread of its own. */
  function startThread(script: string, receiver: Receiver, fail: (error: unknown) => void): Post {
    const thread = new Thread(WORKER_SCOPE + script, { eval: true });
    let unanswered = 0;
    thread.on("message", (data) => {
      if (--unanswered === 0) thread.unref();
      receiver.onmessage?.({ data });
    });
    thread.on("error", fail);
    thread.unref();
    return (message) => {
      if (unanswered++ === 0) thread.ref();
      thread.postMessage(message);
    };
  }

  /** Runs the script in this thread, once the caller has given the other workers their share. */
  function startHere(script: string, receiver: Receiver): Post {
    const scope: Receiver = { onmessage: null };
    const answer = (data: unknown) => receiver.onmessage?.({ data });
    new Function("self", "postMessage", script)(scope, answer);
    let lastTurn = performance.now();
    const handle = (data: unknown) => scope.onmessage?.({ data });
    return (data) => {
      const now = performance.now();
      if (now - lastTurn < TURN) queueMicrotask(() => handle(data));
      else
        setImmediate(() => {
          lastTurn = performance.now();
          handle(data);
        });
    };
  }

  async function readScript(url: string): Promise<string> {
    const blob = url.startsWith("blob:") ? resolveObjectURL(url) : await (await fetch(url)).blob();
    if (!blob) throw new Error(`there is no script at ${url}`);
    return blob.text();
  }
}
