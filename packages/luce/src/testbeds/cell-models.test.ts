import { expect, test } from "vitest";
import { createRandom } from "../random.ts";
import {
  type CellModel,
  drawCell,
  freeCells,
  learnFromCells,
  linearCells,
  logSoftmaxRows,
  readCells,
  rowDivergences,
  softmaxCells,
} from "./cell-models.ts";
import { resolveObjective } from "./language/arms.ts";

const random = createRandom(5);
const normals = (length: number) => Float64Array.from({ length }, () => random.normal());
const features = normals(12 * 3);

test.each<[string, () => CellModel]>([
  ["free cells", () => freeCells(normals(12))],
  ["linear cells", () => moved(linearCells(features, 3))],
  ["a softmax over free cells", () => softmaxCells(4, freeCells(normals(12)))],
  ["a softmax over linear cells", () => softmaxCells(4, moved(linearCells(features, 3)))],
])("%s carry a gradient back as finite differences do", (_, create) => {
  const model = create();
  const slopes = normals(12);
  const gradient = model.backward(slopes);
  const value = () => model.says().reduce((sum, said, cell) => sum + slopes[cell] * said, 0);
  for (const [d, start] of model.parameters.entries()) {
    const at = (x: number) => {
      model.parameters[d] = x;
      return value();
    };
    const slope = (at(start + 1e-5) - at(start - 1e-5)) / 2e-5;
    model.parameters[d] = start;
    expect(gradient[d]).toBeCloseTo(slope, 6);
  }
});

test("several cells an entry are added up", () => {
  const { data } = readCells(Float64Array.of(1, 2, 3, 4), { cells: [0, 3, 1, 1], shape: [2] });
  expect([...data]).toEqual([5, 4]);
});

test("a step lowers the loss, of one token a response or of several", async () => {
  const objective = await resolveObjective("dpo");
  const policy = softmaxCells(4, freeCells(normals(12)));
  const chosen = { cells: [0, 4, 9, 10], shape: [2] };
  const rejected = { cells: [1, 5, 8, 8], shape: [2] };
  const start = policy.says();
  const lesson = {
    objective,
    learnt: { policyChosenLogps: { ...chosen, by: policy }, policyRejectedLogps: { ...rejected, by: policy } },
    given: { referenceChosenLogps: readCells(start, chosen), referenceRejectedLogps: readCells(start, rejected) },
    learningRate: 1,
  };
  const { loss: before } = await learnFromCells(lesson);
  const { loss: after } = await learnFromCells(lesson);
  expect(before).toBeCloseTo(Math.log(2), 12);
  expect(after).toBeLessThan(before);
});

test("models that share their parameters take one step together", async () => {
  const objective = await resolveObjective("dpo");
  const start = normals(4);
  const step = async (share: boolean) => {
    const logits = freeCells(start);
    const [first, second] = [softmaxCells(4, logits), softmaxCells(4, logits)];
    const zeros = { data: new Float64Array(1), shape: [1] };
    await learnFromCells({
      objective,
      learnt: {
        policyChosenLogps: { cells: [0], shape: [1], by: first },
        policyRejectedLogps: { cells: [1], shape: [1], by: share ? second : first },
      },
      given: { referenceChosenLogps: zeros, referenceRejectedLogps: zeros },
      learningRate: 0.1,
      normalised: true,
    });
    return logits.parameters;
  };
  const [together, apart] = [await step(false), await step(true)];
  for (const [d, value] of together.entries()) expect(apart[d]).toBeCloseTo(value, 12);
});

test("cells are drawn as often as their log-probabilities say", () => {
  const logps = logSoftmaxRows(normals(8), 4);
  const counts = new Float64Array(8);
  for (let n = 0; n < 20_000; n++) counts[drawCell(logps, 1, 4, random)]++;
  for (let cell = 0; cell < 8; cell++) {
    expect(counts[cell] / 20_000).toBeCloseTo(cell < 4 ? 0 : Math.exp(logps[cell]), 1);
  }
  expect([...rowDivergences(logps, logps, 4)]).toEqual([0, 0]);
});

function moved(model: CellModel): CellModel {
  model.parameters.set(normals(model.parameters.length));
  return model;
}
