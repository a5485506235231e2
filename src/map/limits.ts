/** Sizes that a specification may have: what a person gives is checked before anything is done with it. */
export const LIMITS = {
  side: 2000,
  topK: [2, 100],
  seed: 2 ** 32 - 1,
  promptCharacters: 100_000,
  promptTokens: 8192,
  batch: 10_000,
  /** Prompts of a mean; overlays of a map. */
  prompts: 100,
  /** Texts of a PCA or of a sample, and their characters together. */
  texts: 10_000,
  textCharacters: 2_000_000,
  masked: 1000,
  /** Questions that a map is asked. */
  questions: 16,
  interventions: 100,
  nearRows: 1000,
  marks: 10_000,
} as const;
