/**
 * Gives Node the browser's `Worker`, over its worker threads.
 *
 * jax-js runs its WebAssembly kernels on all cores only where a global `Worker` and shared memory exist; Node has the
 * threads under another name. Imported for its effect, before jax-js, by `jax.ts` alone. A browser has its own.
 *
 * A training step is hundreds of kernels of a fraction of a millisecond, each split between the workers and awaited, so
 * what counts is how fast work changes hands. jax-js makes one worker a core, gives small kernels to the first alone,
 * and otherwise waits: the first worker is therefore the waiting thread itself. The others look for work in shared
 * memory for a moment before they sleep, and the kernels they know are named there, not sent.
 */
export {};

type Threads = typeof import("node:worker_threads");
type Buffers = typeof import("node:buffer");

/** Milliseconds after which the first worker lets timers, signals and sockets have their turn. */
const TURN = 10;

/** The words of the memory that a thread shares with the first worker. */
const Word = {
  /** How many messages the thread was handed, and how many it answered: each side waits for the other's to change. */
  handed: 0,
  answered: 1,
  /** 1 where the answer was a plain success, 0 where it stands in the thread's port. */
  succeeded: 2,
  /** Number of the kernel to run; 0 where the message stands in the thread's port. */
  kernel: 3,
  begin: 4,
  end: 5,
  pointerCount: 6,
  pointers: 7,
} as const;
/** jax-js gives a kernel 65 arrays at most. */
const POINTER_LIMIT = 65;

/** A message of jax-js to its workers: this one, or one that starts a worker or runs something other than a kernel. */
type KernelMessage = {
  readonly type: string;
  readonly kernelHash: string;
  readonly module: unknown;
  readonly ptrs: readonly number[];
  readonly begin: number;
  readonly end: number;
};

/**
 * Waits until a word is no longer `value`; false if it still is after so many milliseconds. It looks for some 50
 * microseconds before it sleeps: to be woken takes as long. Its text is part of the threads' script too.
 */
function waitForChange(words: Int32Array, word: number, value: number, milliseconds: number): boolean {
  for (let look = 0; look < 5000; look++) if (Atomics.load(words, word) !== value) return true;
  // What wakes a sleeper may be late: the word, changed before, was seen without it, and has not changed again.
  while (Atomics.wait(words, word, value, milliseconds) === "ok") if (Atomics.load(words, word) !== value) return true;
  return Atomics.load(words, word) !== value;
}

/** What a worker's own script expects of its global scope. */
const SCOPE = `
const { receiveMessageOnPort, workerData: { words, port } } = require("node:worker_threads");
globalThis.self = globalThis;
globalThis.postMessage = (message) => {
  words[${Word.succeeded}] = message.ok === true ? 1 : 0;
  if (message.ok !== true) port.postMessage(message);
};
`;

/** Runs after the worker's own script, for ever. */
const LOOP = `
${waitForChange}
const kernels = [];
function nextMessage() {
  if (words[${Word.kernel}] !== 0) {
    const first = ${Word.pointers};
    return {
      ...kernels[words[${Word.kernel}] - 1],
      ptrs: words.subarray(first, first + words[${Word.pointerCount}]),
      begin: words[${Word.begin}],
      end: words[${Word.end}],
    };
  }
  const { message } = receiveMessageOnPort(port);
  if (message.type === "kernel") kernels.push(message);
  return message;
}
for (let handed = 0; ; handed++) {
  waitForChange(words, ${Word.handed}, handed, Infinity);
  globalThis.onmessage({ data: nextMessage() });
  Atomics.store(words, ${Word.answered}, handed + 1);
  Atomics.notify(words, ${Word.answered});
}
`;

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
function workerOver({ Worker: Thread, MessageChannel, receiveMessageOnPort }: Threads, { resolveObjectURL }: Buffers) {
  let made = 0;
  const own: (() => void)[] = [];
  /** Of the threads with an unanswered message: passes the answer on, false if there is none within the time. */
  const awaited = new Set<(milliseconds: number) => boolean>();
  let isScheduled = false;
  let lastTurn = performance.now();

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
    const { port1: port, port2 } = new MessageChannel();
    const words = new Int32Array(new SharedArrayBuffer(4 * (Word.pointers + POINTER_LIMIT)));
    const thread = new Thread(SCOPE + script + LOOP, {
      eval: true,
      workerData: { words, port: port2 },
      transferList: [port2],
    });
    thread.unref();
    const numbers = new Map<string, number>();
    let handed = 0;
    const passAnswer = (milliseconds: number) => {
      if (!waitForChange(words, Word.answered, handed - 1, milliseconds)) return false;
      awaited.delete(passAnswer);
      const succeeded = words[Word.succeeded] === 1;
      receiver.onmessage?.({ data: succeeded ? { type: "done", ok: true } : receiveMessageOnPort(port)?.message });
      return true;
    };
    thread.on("error", (error) => {
      awaited.delete(passAnswer);
      fail(error);
    });
    return (message) => {
      words[Word.kernel] = writeKernel(words, numbers, message as KernelMessage);
      if (words[Word.kernel] === 0) port.postMessage(message);
      Atomics.store(words, Word.handed, ++handed);
      Atomics.notify(words, Word.handed);
      awaited.add(passAnswer);
      schedule();
    };
  }

  /** Runs the script in this thread, once the caller has given the other workers their share. */
  function startHere(script: string, receiver: Receiver): Post {
    const scope: Receiver = { onmessage: null };
    new Function("self", "postMessage", script)(scope, (data: unknown) => receiver.onmessage?.({ data }));
    return (data) => {
      own.push(() => scope.onmessage?.({ data }));
      schedule();
    };
  }

  function schedule(): void {
    if (isScheduled) return;
    isScheduled = true;
    if (performance.now() - lastTurn < TURN) queueMicrotask(work);
    else giveTurn();
  }

  function giveTurn(): void {
    setImmediate(() => {
      lastTurn = performance.now();
      work();
    });
  }

  /** This thread's own share, then the others' answers. */
  function work(): void {
    for (const task of own.splice(0)) task();
    for (const passAnswer of [...awaited]) if (!passAnswer(TURN)) break;
    isScheduled = own.length + awaited.size > 0;
    if (isScheduled) giveTurn();
  }

  async function readScript(url: string): Promise<string> {
    const blob = url.startsWith("blob:") ? resolveObjectURL(url) : await (await fetch(url)).blob();
    if (!blob) throw new Error(`there is no script at ${url}`);
    return blob.text();
  }
}

/**
 * Writes the message into the shared words if it runs a kernel that the thread knows; if not, the thread numbers what
 * it is sent as it stands here.
 *
 * @returns the kernel's number, from 1, or 0 where the message must be sent
 */
function writeKernel(words: Int32Array, numbers: Map<string, number>, message: KernelMessage): number {
  if (message.type !== "kernel") return 0;
  const number = numbers.get(message.kernelHash);
  if (number === undefined) {
    numbers.set(message.kernelHash, numbers.size + 1);
    return 0;
  }
  words[Word.begin] = message.begin;
  words[Word.end] = message.end;
  words[Word.pointerCount] = message.ptrs.length;
  words.set(message.ptrs, Word.pointers);
  return number;
}
