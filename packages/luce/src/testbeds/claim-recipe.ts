import type { Recipe } from "../report/recipe.ts";
import { type Claim, testClaim } from "./claim.ts";

/** The recipe that tests a claim; `id` is the method's slug. */
export function claimRecipe({ id, ...claim }: Claim & Pick<Recipe, "id">): Recipe {
  return { id, title: claim.title, claim: claim.claim, run: (options) => testClaim(claim, options) };
}
