const BIRDS =
  "heron kestrel avocet bittern curlew dunlin egret fulmar gannet hobby ibis jackdaw kite lapwing merlin nightjar osprey plover quail raven siskin tern umbrette vireo wagtail xenops yellowhammer zosterops auk brambling crake dipper eider finch grebe hoopoe jay knot linnet martin".split(
    " ",
  );

/** What simulated prompts are about. */
export const promptCategories = ["code", "maths", "writing", "translation", "advice"];

/** Names that say nothing about strength; numbered where there are more systems than birds. */
export function systemNames(count: number): string[] {
  return Array.from({ length: count }, (_, n) => {
    const round = Math.floor(n / BIRDS.length);
    return BIRDS[n % BIRDS.length] + (round > 0 ? `-${round + 1}` : "");
  });
}

export function annotatorName(n: number, count: number): string {
  return `annotator-${String(n + 1).padStart(String(count).length, "0")}`;
}
