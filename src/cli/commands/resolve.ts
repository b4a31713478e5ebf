/**
 * `pawl resolve` and `pawl cancel`: an operator's command, decided by the driver that lives, or by this very process.
 *
 * Owns: what is asked for, what is shown of it. Does not own: sending it (app/commanding, cli/daemon-link), deciding (engine/commands).
 */

import { userInfo } from 'node:os';
import { commandRun, inboxSender, type Sender } from '../../app/commanding.ts';
import { type CommonOptions, placesOf } from '../../app/options.ts';
import { quote } from '../../base/sanitise.ts';
import { commandRefused } from '../../engine/commands.ts';
import { DECISIONS, type RunCommand } from '../../model/command.ts';
import type { PawlError } from '../../model/error.ts';
import { EXIT } from '../../model/error-codes.ts';
import { exitCodeOf } from '../../run/run-view.ts';
import { type DaemonLink, daemonFor, throughDaemon } from '../daemon-link.ts';
import type { Output } from '../output.ts';
import { runDetails, runLine } from '../render.ts';
import { resolveRun } from '../run-argument.ts';
import { shown } from '../shown.ts';
import { usageError } from '../usage-error.ts';

/** Options of `pawl resolve` and `pawl cancel`. */
export interface DecisionOptions extends CommonOptions {
  readonly reason?: string;
}

/** Decides for a parked run. */
export async function resolve(
  output: Output,
  options: DecisionOptions,
  [runId = '', word = '']: readonly string[],
): Promise<number> {
  const decision = DECISIONS.find((each) => each === word);
  if (decision === undefined) throw refused(`A decision is one of ${DECISIONS.join(', ')}, not ${quote(word)}.`);
  const reason = realReason(options.reason);
  if (reason === null)
    throw refused('A decision needs a reason, in your own words: it is recorded with the run. Nothing was changed.');
  return command(output, options, { command: 'resolve', runId, decision, reason, by: userInfo().username });
}

/** Stops the run and its worker. */
export async function cancel(
  output: Output,
  options: DecisionOptions,
  [runId = '']: readonly string[],
): Promise<number> {
  const reason = options.reason?.trim() ?? '';
  return command(output, options, { command: 'cancel', runId, reason, by: userInfo().username });
}

/** Words that stand for a reason in documentation: somebody has pasted an example. */
const PLACEHOLDERS = ['text', 'why', 'reason', '...', '…', 'todo'];

function realReason(given: string | undefined): string | null {
  const reason = given?.trim() ?? '';
  const bare = reason.replace(/^[<["']+|[>\]"']+$/g, '').toLowerCase();
  return bare === '' || PLACEHOLDERS.includes(bare) ? null : reason;
}

function refused(message: string): PawlError {
  return usageError('resolve', message, {
    subject: 'resolve',
    hint: 'Say what to do and why, in quotes after --reason.',
  });
}

/** A refusal comes as the error that it is. */
function daemonSender({ client, project }: DaemonLink): Sender {
  return async ({ runId, by: _by, ...asked }) => {
    const answer = await throughDaemon(() =>
      client.call('commandRun', { params: { id: runId }, query: { project }, body: asked }),
    );
    const { commandId, decided, seq } = answer;
    return { commandId, decision: decided ? { isAccepted: true, code: null, seq } : null };
  };
}

async function command(output: Output, options: CommonOptions, asked: RunCommand): Promise<number> {
  const places = placesOf(options);
  const { paths } = places;
  const request = { ...asked, runId: resolveRun(places, asked.runId) };
  const link = daemonFor(output, places);
  const send = link === null ? inboxSender(output, places) : daemonSender(link);
  const { commandId, decision, view: found } = await commandRun(send, places, request);
  const view = found === null ? null : (shown(places, [found])[0] ?? null);
  if (decision === null) {
    output.json({ commandId, decided: false, runs: view === null ? [] : [view] });
    output.line(`The command is queued as ${commandId}; the running pawl carries it out.`);
    return EXIT.done;
  }
  const name = request.command === 'cancel' ? 'cancel' : request.decision;
  if (!decision.isAccepted)
    throw commandRefused(request.runId, name, decision.code, view, paths.commandOptions, decision.reason);
  output.json({ commandId, decided: true, runs: view === null ? [] : [view] });
  if (view !== null) {
    output.line(runLine(output, view));
    for (const line of runDetails(output, view)) output.line(line);
  }
  return view === null || view.state === 'cancelled' || view.kind === 'active' ? EXIT.done : exitCodeOf([view]);
}
