export { agreement, auditAgreement } from "./agreement.ts";
export { annotatorReliability, auditAnnotatorReliability } from "./annotator-reliability.ts";
export type { Audit, AuditOptions, AuditResult } from "./audit.ts";
export {
  type CrowdBradleyTerryFit,
  type CrowdBradleyTerryOptions,
  crowdBradleyTerry,
  fitCrowdBradleyTerry,
} from "./crowd-bradley-terry.ts";
export {
  type DawidSkeneFit,
  type DawidSkeneOptions,
  dawidSkeneMethod,
  fitDawidSkene,
  type Labels,
} from "./dawid-skene.ts";
export { auditDrift, drift } from "./drift.ts";
export { auditHaste, haste } from "./haste.ts";
export { auditIntransitivity, intransitivity } from "./intransitivity.ts";
export { type Agreement, krippendorffAlpha, krippendorffAlphaMethod, type Level } from "./krippendorff-alpha.ts";
export { auditLengthBias, lengthBias } from "./length-bias.ts";
export { auditOneSided, oneSided } from "./one-sided.ts";
export { auditParticipation, participation } from "./participation.ts";
export { auditPositionBias, positionBias } from "./position-bias.ts";
export { auditRepeats, repeats } from "./repeats.ts";
export { auditReport, audits, runAudits, selectAudits } from "./run-audits.ts";
export { auditTies, ties } from "./ties.ts";
