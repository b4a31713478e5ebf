/** The service files of the daemon hold what their managers must read back, whatever paths and values there are. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { plistText } from '../../src/app/service/plist-text.ts';
import { type ServiceFacts, serviceFacts } from '../../src/app/service/service-facts.ts';
import { differencesOf, ownershipOf } from '../../src/app/service/service-mark.ts';
import { unitText } from '../../src/app/service/unit-text.ts';

const HOSTILE: ServiceFacts = {
  node: '/opt/a b$HOME 100%/node',
  program: `/opt/my "pawl" \\ \${HOME}/main.js`,
  logFile: "/srv/%h/it's <&>/daemon.log",
  environment: [['PATH', '/a b:/$HOME:/%u:/"q":\\n\n\tend']],
  stopSeconds: 45,
};
const PLACE = { node: '/usr/bin/node', program: '/opt/pawl/main.js', userHome: '/u/ann' };
const PLAIN = serviceFacts({ PATH: '/usr/bin:/bin' }, PLACE);

const lineOf = (text: string, begin: string): string => text.split('\n').find((line) => line.startsWith(begin)) ?? '';

describe('the environment of the service', () => {
  test('holds what finds programs and folders, and nothing else', () => {
    const facts = serviceFacts(
      {
        ...{ PATH: '/bin', PAWL_HOME: '/srv/pawl', XDG_CONFIG_HOME: '/c', XDG_STATE_HOME: '/s', XDG_CACHE_HOME: '' },
        ...{ XDG_SESSION_ID: '3', GH_TOKEN: 'x', ANTHROPIC_API_KEY: 'x', HOME: '/u/ann' },
      },
      PLACE,
    );
    expect(Object.fromEntries(facts.environment)).toEqual({
      ...{ PATH: '/bin', PAWL_HOME: '/srv/pawl', XDG_CONFIG_HOME: '/c', XDG_STATE_HOME: '/s' },
    });
    expect(facts.logFile).toBe('/srv/pawl/daemon.log');
  });

  test.each([
    [{}, '/u/ann/.local/state/pawl/daemon.log'],
    [{ XDG_STATE_HOME: '/s' }, '/s/pawl/daemon.log'],
    [{ XDG_STATE_HOME: 'relative' }, '/u/ann/.local/state/pawl/daemon.log'],
  ])('decides where the log is: %j', (environment, logFile) => {
    expect(serviceFacts(environment, PLACE).logFile).toBe(logFile);
  });
});

describe('the unit', () => {
  test('quotes by the rules of systemd: specifiers and escapes everywhere, variables in arguments alone', () => {
    const text = unitText(HOSTILE);
    expect(lineOf(text, 'ExecStart=')).toBe(
      'ExecStart="/opt/a b$HOME 100%%/node" "/opt/my \\"pawl\\" \\\\ $${HOME}/main.js" "serve" "--log-file" "/srv/%%h/it\'s <&>/daemon.log"',
    );
    expect(lineOf(text, 'Environment=')).toBe('Environment="PATH=/a b:/$HOME:/%%u:/\\"q\\":\\\\n\\x0a\\x09end"');
  });

  test('says what keeps workers alive and the daemon running', () => {
    const lines = unitText(PLAIN).split('\n');
    expect(lines).toEqual(
      expect.arrayContaining([
        ...['Type=exec', 'KillMode=process', 'Restart=on-failure', 'RestartSec=2', 'TimeoutStopSec=45'],
        ...['OOMPolicy=continue', 'RestartPreventExitStatus=2 6', 'WantedBy=default.target'],
        'ExecStart="/usr/bin/node" "/opt/pawl/main.js" "serve" "--log-file" "/u/ann/.local/state/pawl/daemon.log"',
      ]),
    );
  });

  test.each(['"', "'", '\\', '\n'])('is refused for a Node that systemd cannot start: %j in its path', (character) => {
    const unit = () => unitText({ ...PLAIN, node: `/opt/${character}/node` });
    expect(unit).toThrow(expect.objectContaining({ code: 'PAWL_SERVICE_UNSUPPORTED' }));
  });

  const analyze = spawnSync('systemd-analyze', ['--version']);
  test.skipIf(analyze.error !== undefined)('is read by the real systemd without a complaint', () => {
    const folder = mkdtempSync(join(tmpdir(), 'pawl-unit-'));
    try {
      const file = join(folder, 'pawl.service');
      writeFileSync(file, unitText({ ...HOSTILE, node: process.execPath }));
      const env = { ...process.env, XDG_RUNTIME_DIR: folder };
      const read = () => spawnSync('systemd-analyze', ['--user', 'verify', file], { env, encoding: 'utf8' });
      const complaints = () =>
        read()
          .stderr.split('\n')
          .filter((line) => line.includes('pawl.service'));
      expect(complaints()).toEqual([]);
      writeFileSync(file, unitText(PLAIN).replace('KillMode=process', 'KillMode=nothing'));
      expect(complaints()).not.toEqual([]);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});

describe('the property list', () => {
  test('is XML with everything escaped, and says what keeps workers alive and the daemon running', () => {
    const text = plistText({ ...HOSTILE, environment: [['PATH', '/a & b:<"\u0001>']] });
    expect(text).toContain(`    <string>/opt/my &quot;pawl&quot; \\ \${HOME}/main.js</string>\n`);
    expect(text).toContain("    <string>/srv/%h/it's &lt;&amp;&gt;/daemon.log</string>\n");
    expect(text).toContain('    <key>PATH</key><string>/a &amp; b:&lt;&quot;&gt;</string>\n');
    expect(text).toMatch(/^<\?xml version="1.0" encoding="UTF-8"\?>\n<!-- pawl service 1 [0-9a-f]{16} -->\n/);
    for (const said of ['RunAtLoad</key><true/>', 'AbandonProcessGroup</key><true/>', 'SuccessfulExit</key><false/>'])
      expect(text).toContain(said);
  });
});

describe('the mark', () => {
  test.each([
    ['unit', unitText],
    ['property list', plistText],
  ])('tells an edited %s from one as it was written, and from that of somebody else', (_name, textOf) => {
    const text = textOf(PLAIN);
    expect(ownershipOf(text)).toBe('ours');
    expect(ownershipOf(text.replace('/opt/pawl', '/opt/other'))).toBe('edited');
    expect(ownershipOf(text.replace('service 1 ', 'service 2 '))).toBe('edited');
    expect(ownershipOf(text.replace(/^.*pawl service 1 .*\n/m, ''))).toBe('foreign');
  });

  test('differences name lines, and no value of a variable that is not ours', () => {
    const present = unitText(PLAIN).replace('RestartSec=2', 'RestartSec=9\nEnvironment="TOKEN=secret"');
    expect(differencesOf(present, unitText(PLAIN))).toEqual([
      '- RestartSec=9',
      '- Environment="TOKEN=…',
      '+ RestartSec=2',
    ]);
    expect(differencesOf('<string>secret</string>\n', '')).toEqual(['- <string>…</string>']);
  });
});
