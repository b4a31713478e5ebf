/**
 * A door before the stand-in of a model, which can be shut: whoever knocks meanwhile finds nobody there.
 *
 * Owns: one port that leads to another one while it is open. Does not own: when it is shut (story.mjs).
 */
import net from 'node:net';

/** A door to `url`, open. */
export async function openDoor(url) {
  const { hostname, port } = new URL(url);
  const through = new Set();
  const server = net.createServer((caller) => {
    const model = net.connect(Number(port), hostname);
    const both = [caller, model];
    const end = () => {
      through.delete(end);
      for (const socket of both) socket.destroy();
    };
    through.add(end);
    for (const socket of both) socket.on('error', end).on('close', end);
    caller.pipe(model).pipe(caller);
  });
  const listen = (at) => new Promise((done) => server.listen(at, '127.0.0.1', done));
  await listen(0);
  const own = server.address().port;
  return {
    url: `http://127.0.0.1:${own}`,
    /** Nobody is there any more, whoever is through included. */
    shut() {
      const isShut = new Promise((done) => server.close(done));
      for (const end of [...through]) end();
      return isShut;
    },
    open: () => listen(own),
  };
}
