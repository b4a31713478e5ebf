/**
 * The layout engine in a worker of its own, loaded when the first chart is to be laid out.
 *
 * Owns: starting it. Does not own: what it is given (chart-layout).
 */
import ELK from 'elkjs/lib/elk-api.js';
import workerUrl from 'elkjs/lib/elk-worker.min.js?url';
import type { Chart } from './chart-graph.ts';
import { type Layout, type LayoutCache, type LayoutEngine, layOut } from './chart-layout.ts';

let engine: LayoutEngine | null = null;

function startedEngine(): LayoutEngine {
  if (engine !== null) return engine;
  const elk = new ELK({ workerFactory: () => new Worker(workerUrl) });
  engine = (graph) => elk.layout(graph);
  return engine;
}

const cache: LayoutCache = {
  get: (key) => sessionStorage.getItem(key),
  set: (key, text) => {
    try {
      sessionStorage.setItem(key, text);
    } catch {
      // The storage is full or switched off: the layout is made again the next time.
    }
  },
};

const known = new Map<string, Promise<Layout>>();

/** The chart's layout: at once where this session has made it before. */
export function layoutOf(chart: Chart): Promise<Layout> {
  const made = known.get(chart.hash) ?? layOut(chart, (graph) => startedEngine()(graph), cache);
  known.set(chart.hash, made);
  return made;
}
