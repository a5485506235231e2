// What studies need of the rest, loaded when one is first looked at: reading YAML and tables is no part of an activation.
export { readStudy } from '../../host/study/readStudy.js';
export { StudyResults } from '../../host/study/results.js';
export { studyStatus } from '../../host/study/status.js';
export { OpenStudy } from '../../panel/study/openStudy.js';
