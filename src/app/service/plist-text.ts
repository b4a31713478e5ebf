/**
 * The launchd property list of the daemon, as text (pure).
 *
 * Owns: the list (launchd.plist(5)), XML escapes. Does not own: where it is written (launchd).
 */
import type { ServiceFacts } from './service-facts.ts';
import { marked } from './service-mark.ts';

/** The label of the launch agent. */
export const LABEL = 'pawl.daemon';

/** What XML 1.0 cannot hold, not even escaped. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is left out
const NOT_IN_XML = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g;
const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

/** The property list's file. */
export function plistText({ node, program, logFile, environment, stopSeconds }: ServiceFacts): string {
  const args = [node, program, 'serve', '--log-file', logFile];
  return marked(
    [
      '<?xml version="1.0" encoding="UTF-8"?>',
      '<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">',
      '<plist version="1.0">',
      '<dict>',
      `  <key>Label</key>${string(LABEL)}`,
      '  <key>ProgramArguments</key>',
      '  <array>',
      ...args.map((arg) => `    ${string(arg)}`),
      '  </array>',
      '  <key>EnvironmentVariables</key>',
      '  <dict>',
      ...environment.map(([name, value]) => `    <key>${escaped(name)}</key>${string(value)}`),
      '  </dict>',
      '  <key>RunAtLoad</key><true/>',
      '  <key>KeepAlive</key>',
      '  <dict>',
      '    <key>SuccessfulExit</key><false/>',
      '  </dict>',
      '  <key>AbandonProcessGroup</key><true/>',
      `  <key>ExitTimeOut</key><integer>${stopSeconds}</integer>`,
      '</dict>',
      '</plist>',
    ],
    (mark) => `<!-- ${mark} -->`,
    1,
  );
}

function string(text: string): string {
  return `<string>${escaped(text)}</string>`;
}

function escaped(text: string): string {
  return text.replace(NOT_IN_XML, '').replace(/[&<>"]/g, (character) => ENTITIES[character] ?? character);
}
