import { clearRepacked, repackedEntries, repackedFolder, repackedLimit } from '../../hub/repacked.js';
import { safeText } from '../../map/display.js';
import { formatBytes } from '../../map/numbers.js';
import type { Output } from '../progress.js';
import type { HubCommand } from './hubCommands.js';

/** Says what repacked weights take, or takes them away. */
export function showCache({ clear }: HubCommand & { readonly kind: 'cache' }, out: Output): void {
  const folder = safeText(repackedFolder(), 500);
  if (clear) {
    out.write(`${formatBytes(clearRepacked())} of repacked weights are gone from ${folder}\n`);
    return;
  }
  const entries = repackedEntries();
  const bytes = entries.reduce((sum, one) => sum + one.bytes, 0);
  out.write(
    `Weights of ${entries.length} ${entries.length === 1 ? 'model' : 'models'}, repacked: ${formatBytes(bytes)} of at most ${formatBytes(repackedLimit())}, in ${folder}\n`,
  );
  for (const { bytes: own, used } of entries)
    out.write(`  ${formatBytes(own).padStart(8)}  used ${new Date(used).toISOString().slice(0, 10)}\n`);
}
