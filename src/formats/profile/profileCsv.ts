import { pointOn, type Profile } from '../../map/profile.js';
import { float32Text } from '../float32.js';
import { csvText } from '../jsonText.js';

const line = (fields: readonly (string | number)[]): string => `${fields.join(',')}\r\n`;

/**
 * A profile as CSV (RFC 4180), a line for each point and each token that wins somewhere; texts are JSON strings, as in a map's own
 * CSV. `part` goes from 0 to 1 along the line.
 */
export function profileCsv(profile: Profile): string {
  const { steps, tokens, winners, probabilities, entropy } = profile;
  let text = line(['part', 'x', 'y', 'token_id', 'token', 'probability', 'wins', 'entropy_nats']);
  for (let i = 0; i <= steps; i++) {
    const { x, y } = pointOn(profile, i / steps);
    for (const [place, token] of tokens.entries())
      text += line([
        Number((i / steps).toPrecision(12)),
        Number(x.toPrecision(12)),
        Number(y.toPrecision(12)),
        token.id,
        csvText(token.text),
        float32Text(probabilities[place]?.[i] ?? NaN),
        Number(winners[i] === place),
        float32Text(entropy[i] ?? NaN),
      ]);
  }
  return text;
}
