import { existsSync } from 'node:fs';
import path from 'node:path';

/** What studies are called. */
export const STUDY_NAME = /\.embedding-study\.(json|ya?ml)$/i;

/** Where the results of a study go: beside it, by its name, unless something else was said. */
export const resultsFolder = (file: string, outputDir?: string): string =>
  outputDir ?? `${file.replace(/(\.embedding-study)?\.(json|ya?ml)$/i, '')}_results`;

/** Where a study's model is: a path is first looked for beside the study, else it means what it means elsewhere. */
export function modelPlace(file: string, model: string): string {
  const beside = path.resolve(path.dirname(file), model);
  return !path.isAbsolute(model) && existsSync(beside) ? beside : model;
}
