import { given, lengths, mask, policy } from "./evidence.ts";

/** What the policy says of the two responses of a pair: log-probabilities, sums over response tokens. */
export const policyPair = {
  policyChosenLogps: policy(["B"]),
  policyRejectedLogps: policy(["B"]),
};

/** What the frozen reference says of them. */
export const referencePair = {
  referenceChosenLogps: given(["B"]),
  referenceRejectedLogps: given(["B"]),
};

/** How many tokens they have. */
export const pairLengths = {
  chosenLengths: lengths(["B"]),
  rejectedLengths: lengths(["B"]),
};

/** Both, token by token. */
export const tokenPair = {
  policyChosenTokenLogps: policy(["B", "T"], { maskedBy: "chosenMask" }),
  policyRejectedTokenLogps: policy(["B", "S"], { maskedBy: "rejectedMask" }),
  referenceChosenTokenLogps: given(["B", "T"], { maskedBy: "chosenMask" }),
  referenceRejectedTokenLogps: given(["B", "S"], { maskedBy: "rejectedMask" }),
  chosenMask: mask(["B", "T"]),
  rejectedMask: mask(["B", "S"]),
};
