import type { Profile } from '../../map/profile.js';
import { type FileFormat, pictureFormats } from '../fileFormat.js';
import { profileCsv } from './profileCsv.js';
import { drawProfile } from './profileFigure.js';

/** All that a profile along a line can be saved as. */
export const PROFILE_FORMATS = [
  ...pictureFormats<Profile>(drawProfile),
  {
    name: 'csv',
    label: 'CSV, a line per point and token',
    holds: 'a row per point and token: place, probability, whether it wins, entropy',
    extension: 'csv',
    binary: false,
    kind: 'data',
    contents: (profile) => Buffer.from(profileCsv(profile)),
  },
] as const satisfies readonly FileFormat<Profile>[];
