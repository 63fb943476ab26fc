// One training step of a small transformer: the embedded engine beside PyTorch on the same cores, in turn.
// docs/engine.md says where the time goes.
import { execFileSync } from "node:child_process";
import { availableParallelism } from "node:os";
import { median, peerPython, peerScript } from "./peers.ts";

type Times = { supervised: number; dpo: number };

export async function run({ runs, smoke }: { runs: number; smoke: boolean }): Promise<void> {
  // The first steps compile: the engine's kernels are made faster while they run.
  const [steps, warmUp] = smoke ? ["2", "1"] : ["20", "10"];
  const luce = () =>
    measure([process.execPath, "--conditions=luce-source", peerScript("luce-train-step.ts"), steps, warmUp]);
  if (smoke) {
    print({ luce: [luce()] });
    return;
  }
  const python = peerPython("torch-requirements.txt");
  const all: Record<string, Times[]> = { PyTorch: [], luce: [] };
  for (let run = 0; run < runs; run++) {
    all.PyTorch.push(measure([python, peerScript("torch_train_step.py"), steps, warmUp, `${availableParallelism()}`]));
    all.luce.push(luce());
  }
  print(all);
}

function measure([command, ...args]: string[]): Times {
  return JSON.parse(execFileSync(command, args, { encoding: "utf8" }));
}

function print(all: Record<string, Times[]>): void {
  for (const kind of ["supervised", "dpo"] as const) {
    console.log(`${kind} step, 16 ${kind === "dpo" ? "pairs" : "sequences"} of 64 tokens`);
    const base = all.PyTorch && median(all.PyTorch.map((times) => times[kind]));
    for (const [name, times] of Object.entries(all)) {
      const milliseconds = median(times.map((each) => each[kind]));
      console.log(
        `  ${name.padEnd(10)}${milliseconds.toFixed(1).padStart(8)} ms${base ? `${(milliseconds / base).toFixed(2).padStart(8)} x` : ""}`,
      );
    }
  }
}
