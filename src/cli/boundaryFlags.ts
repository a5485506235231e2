import { CURVE_QUESTION, DEFAULT_QUESTION } from '../map/boundaries/directions.js';
import type { Flag } from '../map/flags.js';

const usual = (name: 'nearest' | 'steps' | 'reach'): string =>
  `${DEFAULT_QUESTION[name]}, with --curve ${CURVE_QUESTION[name]}`;

/** Flags of `embedding-grid boundaries`, beside those of the map, whose center is the state. */
export const BOUNDARY_FLAGS = [
  {
    name: 'nearest',
    value: 'N',
    help: 'the nearest boundaries to tell, in all dimensions, exact; 0 to 100',
    default: usual('nearest'),
  },
  { name: 'axes', help: 'where the winner flips along both axes of the plane, both ways' },
  { name: 'random', value: 'N', help: 'the same along so many random directions' },
  { name: 'covariance', value: 'N', help: 'along so many random directions that are spread as real hidden states are' },
  {
    name: 'covariance-texts',
    value: 'FILE',
    help: 'texts whose states those are, one a line',
    default: 'built-in texts',
  },
  { name: 'toward', value: 'TEXT', many: true, help: "toward a prompt's hidden state; can be given several times" },
  { name: 'toward-texts', value: 'FILE', help: 'toward the hidden state of each of these prompts, one a line' },
  { name: 'toward-token', value: 'TOKEN,...', help: "along tokens' rows of the head's matrix" },
  { name: 'toward-vectors', value: 'FILE', help: 'along each vector of a file, named as for --x-vector' },
  { name: 'directions-seed', value: 'N', help: 'seed of the random directions', default: '0' },
  {
    name: 'steps',
    value: 'N',
    help: 'equal steps along a direction where the flip cannot be had exactly; a flip and back within one is not seen',
    default: usual('steps'),
  },
  {
    name: 'reach',
    value: 'R',
    help: "how far it is stepped, in the state's norms",
    default: usual('reach'),
  },
  {
    name: 'curve',
    help: 'the same at every layer: the band of the distances along the directions, 16 random ones where none are named',
  },
  {
    name: 'states',
    value: 'FILE',
    help: 'with --curve: the prompts whose states they are, one a line',
    default: 'the center',
  },
  {
    name: 'figure',
    value: 'FILE',
    help: 'with --curve or --line: a picture of it, .svg, .png or .pdf; nothing may be there yet',
  },
  {
    name: 'line',
    value: 'TEXT',
    many: true,
    help: "how far the outputs are along the line from the center's state to this prompt's, in parts of the whole way; several times",
  },
  { name: 'json', help: 'print everything, as JSON' },
] as const satisfies readonly Flag[];
