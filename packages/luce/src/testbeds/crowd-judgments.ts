import type { Judgment } from "../data/judgment.ts";
import type { Crowd } from "./crowd.ts";

/** The votes of a crowd as judgments, in order of time; the category of the prompt is in `metadata`. */
export function* crowdJudgments({ votes, category, categories, truth }: Crowd): Generator<Judgment> {
  for (let n = 0; n < votes.left.length; n++) {
    yield {
      id: `crowd-${truth.parameters.seed}-${n + 1}`,
      prompt: { id: votes.prompts[votes.prompt[n]] },
      annotator: votes.annotators[votes.annotator[n]],
      items: [
        { system: votes.systems[votes.left[n]], metadata: featuresOf(votes.covariates, "left", n) },
        { system: votes.systems[votes.right[n]], metadata: featuresOf(votes.covariates, "right", n) },
      ],
      verdict: { kind: "ranking", ranks: ranksOf(votes.outcome[n]) },
      time: votes.time[n],
      duration: votes.duration[n],
      metadata: { category: categories[category[n]] },
    };
  }
}

function ranksOf(outcome: number): [number, number] {
  return outcome === 0.5 ? [1, 1] : outcome > 0.5 ? [1, 2] : [2, 1];
}

function featuresOf(
  covariates: Crowd["votes"]["covariates"],
  side: "left" | "right",
  n: number,
): Record<string, number> {
  if (!covariates) return {};
  const { names } = covariates;
  return Object.fromEntries(names.map((name, k) => [name, covariates[side][n * names.length + k]]));
}
