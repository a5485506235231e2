/** When this bundle began to run. Imported before everything else, so that the log can tell the whole time of activation. */
export const started = performance.now();
