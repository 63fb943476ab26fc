// OFS-DPO and COFS-DPO (arXiv 2406.05534): a fast and a slow module that chase each other, and modules joined over
// domains.
//
// In one domain, 300 pairs of a linear world without noise: the weight of an example's gradient on the fast module's
// margin after 300 steps, and the accuracy on fresh pairs, by DPO and by OFS-DPO. Across two domains of 300 noisy pairs
// in 20 features, whose true directions have a cosine of 0.2 and in each of which another quarter of the features is
// nearly silent: accuracy on both after DPO on one and then the other, after COFS-DPO (the modules' mixture that loses
// least on 32 stored pairs a domain) and after DPO on both at once.
import { createRandom, type Random } from "luce";
import { combineModules, fastRoles } from "luce/align";
import {
  type Arm,
  type CellModel,
  chosenFirst,
  claimRecipe,
  differenceEvidence,
  directionAt,
  drawDirection,
  drawLinearPairs,
  everyCell,
  type LinearPairs,
  learnFromCells,
  learnRepeatedly,
  linearAccuracy,
  linearCells,
  readCells,
  resolveObjective,
  voteOnPairs,
} from "luce/testbeds";

const FEATURES = 20;
const SLOPE = 2;
const PAIRS = 300;
const STORED = 32;
const TEST_PAIRS = 2000;
const COSINE = 0.2;
const SILENT = 0.1;
const STEPS = 300;
const LEARNING_RATE = 0.5;
const SLOWDOWN = 4;
const ALPHA = 0.3;
const INTERVAL = 20;

export const recipe = claimRecipe({
  id: "ofs-dpo",
  title: "OFS-DPO: fast and slow modules, and domains not forgotten",
  claim:
    "OFS-DPO beats DPO in its domain by gradients that do not vanish, and COFS-DPO keeps earlier domains better in continual learning.",
  arms: [
    inDomain("one domain: DPO", 0),
    inDomain("one domain: OFS-DPO", ALPHA),
    acrossDomains("two domains: DPO, one after the other", oneAfterTheOther),
    acrossDomains("two domains: COFS-DPO", joinedModules),
    acrossDomains("two domains: DPO on both at once", bothAtOnce),
  ],
  measures: {
    gradientWeight: { label: "Gradient weight at the end", format: "decimal", digits: 3 },
    accuracy: { label: "Accuracy", format: "percent", digits: 1 },
    first: { label: "First domain", format: "percent", digits: 1 },
    second: { label: "Second domain", format: "percent", digits: 1 },
  },
  expectations: [
    {
      says: "In one domain OFS-DPO keeps a larger gradient than DPO",
      arm: "one domain: OFS-DPO",
      than: "one domain: DPO",
      measure: "gradientWeight",
      byAtLeast: 0,
    },
    {
      says: "In one domain OFS-DPO is more accurate than DPO",
      arm: "one domain: OFS-DPO",
      than: "one domain: DPO",
      measure: "accuracy",
      byAtLeast: 0,
    },
    ...(["first", "accuracy"] as const).map((measure) => ({
      says: `COFS-DPO is more accurate than DPO in sequence ${measure === "first" ? "on the first domain" : "over both"}`,
      arm: "two domains: COFS-DPO",
      than: "two domains: DPO, one after the other",
      measure,
      byAtLeast: 0,
    })),
  ],
  notes: [
    `Alpha ${ALPHA}, a slow learning rate of a ${SLOWDOWN}th and roles reconsidered every ${INTERVAL} steps are this miniature's choice; the rule for the mixture's weights is reconstructed from the abstract.`,
  ],
});

/** With alpha = 0 the fast module is DPO's. */
function inDomain(name: string, alpha: number): Arm {
  return {
    name,
    async run(seed) {
      const random = createRandom(seed);
      const weights = drawDirection(FEATURES, random).map((value) => SLOPE * value);
      const drawn = drawLinearPairs(PAIRS, weights, random);
      const pairs = chosenFirst(drawn, (pair) => drawn.logits[pair] > 0);
      const { deployed, gradientWeight } = await chase(pairs, alpha);
      const fresh = drawLinearPairs(TEST_PAIRS, weights, random);
      return { measures: { gradientWeight, accuracy: linearAccuracy(fresh, deployed) } };
    },
  };
}

/**
 * A quick and a slow learner of the same pairs, trained by OFS-DPO; the one that has lost less of late takes the fast
 * role and is deployed. `gradientWeight` is the mean slope on the fast one's margins in the last step.
 */
async function chase(pairs: LinearPairs, alpha: number) {
  const quick = linearCells(pairs.features, FEATURES);
  const slow = slowed(linearCells(pairs.features, FEATURES));
  const cells = everyCell(PAIRS);
  const zeros = { data: new Float64Array(PAIRS), shape: [PAIRS] };
  const lossA: number[] = [];
  const lossB: number[] = [];
  let [fast, chased] = [quick, slow];
  let gradientWeight = 0;
  for (let step = 0; step < STEPS; step++) {
    lossA.push(await dpoLoss(quick, cells));
    lossB.push(await dpoLoss(slow, cells));
    const { gradients } = await learnFromCells({
      objective: await resolveObjective("ofs-dpo"),
      params: { beta: 1, alpha },
      learnt: {
        fastChosenLogps: { by: fast, cells, shape: [PAIRS] },
        slowChosenLogps: { by: chased, cells, shape: [PAIRS] },
      },
      given: {
        fastRejectedLogps: zeros,
        slowRejectedLogps: zeros,
        referenceChosenLogps: zeros,
        referenceRejectedLogps: zeros,
      },
      learningRate: LEARNING_RATE,
    });
    gradientWeight = -gradients.fastChosenLogps.data.reduce((sum, slope) => sum + slope, 0);
    [fast, chased] = fastRoles(lossA, lossB, INTERVAL).at(-1) === "a" ? [quick, slow] : [slow, quick];
  }
  return { deployed: fast.parameters, gradientWeight };
}

function slowed(model: CellModel): CellModel {
  return { ...model, backward: (onSaid) => model.backward(onSaid).map((slope) => slope / SLOWDOWN) };
}

/** Of the pairs that a model's cells are the margins of. */
async function dpoLoss(by: CellModel, cells: ArrayLike<number>): Promise<number> {
  const dpo = await resolveObjective("dpo");
  const { learnt, given } = differenceEvidence(by, cells);
  const policyChosenLogps = readCells(by.says(), learnt.policyChosenLogps);
  return (await dpo.lossAndGradient({ ...given, policyChosenLogps }, { beta: 1 })).loss;
}

type Domain = { readonly pairs: LinearPairs; readonly fresh: LinearPairs };

function acrossDomains(name: string, train: (domains: readonly Domain[]) => Promise<Float64Array>): Arm {
  return {
    name,
    async run(seed) {
      const domains = drawDomains(createRandom(seed));
      const theta = await train(domains);
      const [first, second] = domains.map(({ fresh }) => linearAccuracy(fresh, theta));
      return { measures: { accuracy: (first + second) / 2, first, second } };
    },
  };
}

function drawDomains(random: Random): Domain[] {
  const direction = drawDirection(FEATURES, random);
  return [direction, directionAt(COSINE, direction, random)].map((truth, domain) => {
    const weights = truth.map((value) => SLOPE * value);
    const scales = weights.map((_, d) => (Math.floor(d / (FEATURES / 4)) === domain ? SILENT : 1));
    return {
      pairs: voteOnPairs(drawLinearPairs(PAIRS, weights, random, scales), random),
      fresh: drawLinearPairs(TEST_PAIRS, weights, random, scales),
    };
  });
}

async function oneAfterTheOther(domains: readonly Domain[]): Promise<Float64Array> {
  const by = linearCells(stacked(domains), FEATURES);
  for (const domain of domains.keys()) {
    await learnByDpo(
      by,
      everyCell(PAIRS).map((pair) => domain * PAIRS + pair),
    );
  }
  return by.parameters;
}

async function bothAtOnce(domains: readonly Domain[]): Promise<Float64Array> {
  const by = linearCells(stacked(domains), FEATURES);
  await learnByDpo(by, everyCell(domains.length * PAIRS));
  return by.parameters;
}

async function joinedModules(domains: readonly Domain[]): Promise<Float64Array> {
  const modules: number[][] = [];
  for (const { pairs } of domains) modules.push([...(await chase(pairs, ALPHA)).deployed]);
  const mixture = linearCells(stacked(domains), FEATURES);
  const stored = everyCell(domains.length * STORED).map((n) => n + Math.floor(n / STORED) * (PAIRS - STORED));
  let best = { loss: Number.POSITIVE_INFINITY, theta: mixture.parameters };
  for (let share = 0; share <= 20; share++) {
    mixture.parameters.set(combineModules(modules, [share / 20, 1 - share / 20]));
    const loss = await dpoLoss(mixture, stored);
    if (loss < best.loss) best = { loss, theta: mixture.parameters.slice() };
  }
  return best.theta;
}

async function learnByDpo(by: CellModel, cells: ArrayLike<number>): Promise<void> {
  const objective = await resolveObjective("dpo");
  const evidence = differenceEvidence(by, cells);
  await learnRepeatedly(STEPS, { objective, params: { beta: 1 }, ...evidence, learningRate: LEARNING_RATE });
}

function stacked(domains: readonly Domain[]): Float64Array {
  return Float64Array.from(domains.flatMap(({ pairs }) => [...pairs.features]));
}
