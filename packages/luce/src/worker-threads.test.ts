import { expect, test } from "vitest";
import "./worker-threads.ts";

/** Keeps books in shared memory of what it was told: how many kernels, and the sum of all their numbers. */
const SCRIPT = `
let books = null;
self.onmessage = ({ data }) => {
  if (data.type === "init") {
    books = new Int32Array(data.memory);
    postMessage({ type: "ready" });
  } else if (data.type === "kernel" && data.module === "faulty") {
    postMessage({ type: "done", ok: false, error: "this kernel fails" });
  } else {
    const { ptrs, begin, end } = data;
    books[0] += 1;
    books[1] += begin + end + ptrs.reduce((sum, pointer) => sum + pointer, 0);
    postMessage({ type: "done", ok: true });
  }
};
`;

type Answer = { type: string; ok?: boolean; error?: string };

/** Two workers, as jax-js makes them on two cores: the first is the waiting thread, the second one of its own. */
function startWorkers() {
  const url = `data:text/javascript,${encodeURIComponent(SCRIPT)}`;
  return Array.from({ length: 2 }, () => {
    const worker = new Worker(url);
    const memory = new SharedArrayBuffer(8);
    const ask = (message: unknown) =>
      new Promise<Answer>((resolve) => {
        worker.onmessage = ({ data }) => resolve(data);
        worker.postMessage(message);
      });
    return { ask, books: new Int32Array(memory), ready: ask({ type: "init", memory }) };
  });
}

test("every kernel is run once by each thread, with its own numbers, however often they wait for each other", async () => {
  const workers = startWorkers();
  await Promise.all(workers.map(({ ready }) => ready));
  let sum = 0;
  for (let n = 1; n <= 20_000; n++) {
    // Now and then long enough for the other thread to fall asleep.
    if (n % 1000 === 0) await new Promise((resolve) => setTimeout(resolve, 2));
    const kernelHash = `kernel ${n % 7}`;
    const kernel = { type: "kernel", kernelHash, module: "sound", ptrs: [n, 2 * n], begin: n % 5, end: 1 };
    sum = (sum + 3 * n + (n % 5) + 1) | 0;
    const answers = await Promise.all(workers.map(({ ask }) => ask(kernel)));
    expect(answers.every(({ ok }) => ok === true)).toBe(true);
    for (const { books } of workers) expect([books[0], books[1]]).toEqual([n, sum]);
  }
});

test("a kernel's failure is told, and the next one runs", async () => {
  for (const { ready, ask, books } of startWorkers()) {
    await ready;
    const kernel = (module: string) => ({ type: "kernel", kernelHash: module, module, ptrs: [], begin: 0, end: 1 });
    for (let n = 0; n < 2; n++) {
      expect(await ask(kernel("faulty"))).toEqual({ type: "done", ok: false, error: "this kernel fails" });
    }
    expect(await ask(kernel("sound"))).toMatchObject({ ok: true });
    expect(books[0]).toBe(1);
  }
});
