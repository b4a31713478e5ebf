/**
 * `pawl token`: the token with which pages and tools speak to the daemon.
 *
 * Owns: its actions and output. Does not own: the token (store/home/token-file). It is written to its file, and never printed.
 */
import { daemonHere } from '../../app/daemon/daemon-place.ts';
import type { CommonOptions } from '../../app/options.ts';
import { quote } from '../../base/sanitise.ts';
import { visible } from '../../base/visible.ts';
import { EXIT } from '../../model/error-codes.ts';
import { rotateToken } from '../../store/home/token-file.ts';
import type { Output } from '../output.ts';
import { usageError } from '../usage-error.ts';

/** Replaces the token, and says who needs the new one. */
export async function token(
  output: Output,
  _options: CommonOptions,
  [action = '']: readonly string[],
): Promise<number> {
  if (action !== 'rotate') throw usageError('token', `The only action is rotate, not ${quote(action)}.`);
  const { files, home } = daemonHere();
  await rotateToken(files, home);
  output.json({ outcome: 'rotated', tokenFile: home.tokenFile });
  output.line(`A new token is in ${visible(home.tokenFile)}; the former one is void.`);
  output.line('Open tabs and tools need it: pawl inspect opens a page with it.');
  return EXIT.done;
}
