/** Where the daemon keeps its state, and where its socket is. */
import { expect, it } from 'vitest';
import { HomePaths, homeFolder, socketPath } from '../../../src/store/home/home-paths.ts';
import { codeOf } from '../store-kit.ts';

it.each([
  [{ PAWL_HOME: '/p', XDG_STATE_HOME: '/x' }, '/p'],
  [{ PAWL_HOME: '', XDG_STATE_HOME: '/x' }, '/x/pawl'],
  [{ XDG_STATE_HOME: 'relative' }, '/people/ada/.local/state/pawl'],
  [{ XDG_STATE_HOME: '' }, '/people/ada/.local/state/pawl'],
  [{}, '/people/ada/.local/state/pawl'],
])('with %j the state is in %s', (environment, folder) => {
  expect(homeFolder({ environment, homedir: '/people/ada' })).toBe(folder);
});

it('a relative PAWL_HOME is refused: it would mean another folder in each folder', async () => {
  const relative = () => homeFolder({ environment: { PAWL_HOME: 'state' }, homedir: '/people/ada' });
  expect(await codeOf(relative)).toBe('PAWL_USAGE');
});

const place = { environment: {}, platform: 'linux', temporaryFolder: '/tmp', uid: 7 };
/** A state folder whose own socket has a path of that many bytes. */
const homeOf = (bytes: number, filling = 'x') =>
  new HomePaths(`/${filling.repeat((bytes - '//sock'.length) / Buffer.byteLength(filling))}`);

it.each([
  ['linux', 107],
  ['darwin', 103],
])('on %s a socket path of %i bytes is used, and a longer one is not', (platform, most) => {
  expect(socketPath(homeOf(most), { ...place, platform })).toBe(`${homeOf(most).root}/sock`);
  expect(socketPath(homeOf(most + 1), { ...place, platform })).toMatch(/^\/tmp\/pawl-7-[0-9a-f]{12}\/sock$/);
});

it('the length of a socket path is that of its bytes', () => {
  expect(socketPath(homeOf(108, 'é'), place)).toMatch(/^\/tmp\/pawl-7-/);
});

it('a short socket is in the runtime folder where there is one, and its name tells state folders apart', () => {
  const runtime = { ...place, environment: { XDG_RUNTIME_DIR: '/run/user/7' } };
  const paths = [homeOf(200, 'x'), homeOf(200, 'y')].map((home) => socketPath(home, runtime));
  for (const path of paths) expect(path).toMatch(/^\/run\/user\/7\/pawl-[0-9a-f]{12}\/sock$/);
  expect(new Set(paths).size).toBe(2);
  expect(socketPath(homeOf(200), { ...place, environment: { XDG_RUNTIME_DIR: 'run' } })).toMatch(/^\/tmp\//);
});
