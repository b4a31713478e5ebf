/**
 * The systemd unit of the daemon, as text (pure).
 *
 * Owns: the unit, quoting by systemd's rules (systemd.syntax(7), "Command lines" of systemd.service(5)). Does not own: where it is written (systemd).
 */
import { PawlError } from '../../model/error.ts';
import type { ServiceFacts } from './service-facts.ts';
import { marked } from './service-mark.ts';

/** The name of the unit. */
export const UNIT = 'pawl.service';

/** What systemd refuses in the path of the program itself, however it is quoted. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const NOT_IN_PROGRAM = /["'\\\u0000-\u001f\u007f]/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is escaped
const CONTROL = /[\u0000-\u001f\u007f]/g;

/** The unit's file. Throws PAWL_SERVICE_UNSUPPORTED for a Node in a path that systemd cannot start. */
export function unitText({ node, program, logFile, environment, stopSeconds }: ServiceFacts): string {
  const args = [program, 'serve', '--log-file', logFile].map(quotedArgument);
  return marked(
    [
      '# Written by `pawl service install`, which leaves an edited file alone unless told --force.',
      '# Settings of your own belong in a drop-in: systemctl --user edit pawl',
      '[Unit]',
      'Description=Pawl, the daemon that drives coding agents',
      '',
      '[Service]',
      'Type=exec',
      `ExecStart=${[quotedProgram(node), ...args].join(' ')}`,
      ...environment.map(([name, value]) => `Environment=${quoted(`${name}=${value}`)}`),
      '# Worker hosts go on when the daemon stops, those too that are not in a scope of their own.',
      'KillMode=process',
      'OOMPolicy=continue',
      'Restart=on-failure',
      'RestartSec=2',
      '# Wrong usage, and a daemon that runs already.',
      'RestartPreventExitStatus=2 6',
      `TimeoutStopSec=${stopSeconds}`,
      '',
      '[Install]',
      'WantedBy=default.target',
    ],
    (mark) => `# ${mark}`,
  );
}

/** One item in double quotes: C escapes count inside of them, and `%` begins a specifier. */
function quoted(text: string): string {
  const escaped = text
    .replace(/[\\"]/g, '\\$&')
    .replaceAll('%', '%%')
    .replace(CONTROL, (character) => `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`);
  return `"${escaped}"`;
}

/** An argument of a command line, in which `$` begins a variable too. */
function quotedArgument(text: string): string {
  return quoted(text).replaceAll('$', '$$$$');
}

/** The program of a command line: systemd replaces no variables in it. */
function quotedProgram(path: string): string {
  if (!NOT_IN_PROGRAM.test(path)) return quoted(path);
  throw new PawlError({
    code: 'PAWL_SERVICE_UNSUPPORTED',
    message: `systemd cannot start a program whose path has a quote, a backslash or a control character: ${path}`,
    subject: path,
    hint: 'Install Node in another folder, or start the daemon with `pawl start`.',
  });
}
