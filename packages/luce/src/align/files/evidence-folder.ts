import { createHash } from "node:crypto";
import { mkdir, readFile } from "node:fs/promises";
import path from "node:path";
import { replaceFile } from "../../engines/files/index.ts";
import { createEvidenceCache, type EvidenceCache, sequenceKey } from "../evidence-cache.ts";
import type { Sequence } from "../examples.ts";
import type { TrainablePolicy } from "../policy.ts";

/**
 * What `model` says of `sequences`, computed once and kept in `folder` under a fingerprint of the model and the
 * sequences.
 */
export async function readCachedEvidence(
  folder: string,
  model: Pick<TrainablePolicy, "fingerprint" | "evidence">,
  sequences: readonly Sequence[],
): Promise<EvidenceCache> {
  const digest = createHash("sha256").update(await model.fingerprint());
  for (const sequence of sequences) digest.update(sequenceKey(sequence)).update("\0");
  const file = path.join(folder, `${digest.digest("hex").slice(0, 32)}.json`);
  const known = await readFile(file, "utf8").catch(() => undefined);
  const score = (part: readonly Sequence[]) => model.evidence(part);
  if (known !== undefined) {
    const cache = tryCache(score, known);
    if (cache) return cache;
  }
  const cache = createEvidenceCache(score);
  await cache.add(sequences);
  await mkdir(folder, { recursive: true });
  await replaceFile(file, cache.serialise());
  return cache;
}

/** A damaged file is as good as none: its content is computed again. */
function tryCache(score: TrainablePolicy["evidence"], known: string): EvidenceCache | undefined {
  try {
    return createEvidenceCache(score, known);
  } catch {
    return undefined;
  }
}
