/**
 * What the daemon counts, in the text format of Prometheus.
 *
 * Owns: names and help of the metrics. Does not own: what is counted.
 */
import type { ApiDaemon } from './api/api-daemon.ts';

const MEGA = 1_000_000;

/** The metrics now. */
export async function metricsText(daemon: ApiDaemon): Promise<string> {
  const projects = daemon.projects.list();
  const states = ['opening', 'driven', 'elsewhere', 'degraded'] as const;
  const kinds = ['active', 'blocked', 'terminal', 'quarantined'] as const;
  const { rss, heapUsed } = process.memoryUsage();
  const { user, system } = process.cpuUsage();
  return [
    ...metric('pawl_info', 'gauge', 'The version that runs.', [[`{version="${daemon.version}"}`, 1]]),
    ...metric('pawl_ready', 'gauge', '1 when every project is recovered.', [['', daemon.state() === 'ready' ? 1 : 0]]),
    ...metric('pawl_projects', 'gauge', 'Projects by state.', [
      ...states.map(
        (state): Sample => [`{state="${state}"}`, projects.filter(({ engine }) => engine.state.kind === state).length],
      ),
    ]),
    ...metric('pawl_runs', 'gauge', 'Runs of driven projects by kind.', [
      ...kinds.map(
        (kind): Sample => [`{kind="${kind}"}`, projects.reduce((sum, { counts }) => sum + (counts?.[kind] ?? 0), 0)],
      ),
    ]),
    ...metric('pawl_changes_total', 'counter', 'The last change of the feed.', [['', daemon.feed.head]]),
    ...metric('pawl_guard_on', 'gauge', '1 while the guard holds.', [
      ...daemon.guards.list().map(({ id, posture }): Sample => [`{guard="${id}"}`, posture === 'on' ? 1 : 0]),
    ]),
    ...metric('pawl_streams', 'gauge', 'Open event streams and multiplexed sockets.', [['', daemon.streams.size]]),
    ...metric('pawl_requests_total', 'counter', 'Requests by operation.', [
      ...daemon.requests.entries().map(([id, count]): Sample => [`{operation="${id}"}`, count]),
    ]),
    ...metric('process_resident_memory_bytes', 'gauge', 'Resident memory.', [['', rss]]),
    ...metric('process_heap_bytes', 'gauge', 'Used heap.', [['', heapUsed]]),
    ...metric('process_cpu_seconds_total', 'counter', 'Processor time.', [['', (user + system) / MEGA]]),
    ...metric('process_start_time_seconds', 'gauge', 'When it started.', [['', Date.parse(daemon.startedAt) / 1_000]]),
    '',
  ].join('\n');
}

type Sample = readonly [labels: string, value: number];

function metric(name: string, type: 'gauge' | 'counter', help: string, samples: readonly Sample[]): readonly string[] {
  return [
    `# HELP ${name} ${help}`,
    `# TYPE ${name} ${type}`,
    ...samples.map(([labels, value]) => `${name}${labels} ${value}`),
  ];
}
