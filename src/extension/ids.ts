// Names that package.json declares, too.

/** The viewType of the editor of saved maps. */
export const SAVED_MAP_EDITOR = 'embeddingGrid.savedMap';
export const MODELS_VIEW = 'embeddingGrid.models';
export const SAVED_MAPS_VIEW = 'embeddingGrid.savedMaps';
/** The viewType of the editor of studies. */
export const STUDY_EDITOR = 'embeddingGrid.study';
/** The viewType of the editor of models. */
export const MODEL_EDITOR = 'embeddingGrid.model';
export const STUDIES_VIEW = 'embeddingGrid.studies';
