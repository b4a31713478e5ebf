// The built command line in a process that stays: it has loaded the program once, and each message {id, cwd, env, args} is one call of it,
// done by src/cli/main itself and answered with {id, code, stdout, stderr}. Usage: node standing-pawl.mjs DIST_CLI_MAIN, with an IPC channel.
import { pathToFileURL } from 'node:url';

const main = process.argv[2];
const streams = ['stdout', 'stderr'];
let calls = 0;
let said = {};
let ended = () => undefined;

// Every call adds its listeners to this process, as main does to one that is its own.
for (const emitter of [process, ...streams.map((name) => process[name])]) emitter.setMaxListeners(0);

for (const name of streams) {
  process[name].write = (chunk, ...rest) => {
    said[name] += typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString('utf8');
    rest.at(-1)?.();
    return true;
  };
}

// main releases this event when its command has ended (src/cli/lost-wait), its exit code set and everything said.
const { off } = process;
process.off = (event, listener) => {
  if (event === 'beforeExit') ended();
  return off.call(process, event, listener);
};

/** Everything that a process of its own would start with. */
function begin({ cwd, env, args }) {
  for (const name of Object.keys(process.env)) if (!(name in env)) delete process.env[name];
  Object.assign(process.env, env);
  process.chdir(cwd);
  process.argv.splice(1, process.argv.length, main, ...args);
  process.exitCode = undefined;
  said = { stdout: '', stderr: '' };
}

async function answer(call) {
  const isEnded = new Promise((resolve) => {
    ended = resolve;
  });
  begin(call);
  calls += 1;
  // Another address: the program runs again, on the modules that are there.
  await import(`${pathToFileURL(main).href}?call=${calls}`);
  await isEnded;
  process.send({ id: call.id, code: process.exitCode ?? 0, ...said });
}

let last = Promise.resolve();
process.on('message', (call) => {
  last = last.then(() => answer(call));
});
process.on('disconnect', () => process.exit());
