import { trainLosses } from "./train-losses.ts";

Object.assign(globalThis, { trained: trainLosses() });
