/**
 * What bodies the API refuses, by what is wrong with them.
 *
 * Owns: those tests of the contract. Does not own: the others (contract.test).
 */
import { describe, expect, it } from 'vitest';
import { packetOf } from '../support/scenario-packet.ts';
import { BODIES, call, packets, refused } from './contract-calls.ts';

/** The tests. */
export function bodiesAreChecked(): void {
  describe('a body', () => {
    const bodies: readonly (readonly [code: string, body: string | Uint8Array, type?: string])[] = [
      ['BODY_INVALID', '{"path":'],
      ['BODY_INVALID', ''],
      ['BODY_INVALID', '[]'],
      ['BODY_INVALID', 'null'],
      [
        'BODY_INVALID',
        '{"path": "/a", "path": "/b", "command": "cancel", "command": "cancel", "packets": [{}], "packets": [{}]}',
      ],
      ['BODY_INVALID', Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x3a, 0x31, 0x7d])],
      ['BODY_INVALID', '['.repeat(50_000)],
      ['BODY_INVALID', '{"__proto__": {"path": "/a", "command": "cancel", "packets": [{}]}}'],
      ['MEDIA_TYPE_UNSUPPORTED', '{}', 'text/plain'],
      ['MEDIA_TYPE_UNSUPPORTED', '{}', 'application/x-www-form-urlencoded'],
    ];
    it.each(BODIES)('of %s that cannot be read is refused by what is wrong with it', async (id) => {
      for (const [code, body, type = 'application/json'] of bodies)
        expect([String(body).slice(0, 40), await refused(id, { body, headers: { 'Content-Type': type } })]).toEqual([
          String(body).slice(0, 40),
          code,
        ]);
      const size = id === 'addRuns' ? 17 * 1024 * 1024 : 65 * 1024;
      expect(await refused(id, { body: ' ', headers: { 'Content-Length': size } })).toBe('BODY_TOO_LARGE');
    });

    it('that is too large without saying so is cut', async () => {
      const body = `{"path":"${'x'.repeat(70 * 1024)}"}`;
      const headers = { 'Content-Length': undefined, 'Transfer-Encoding': 'chunked' };
      expect(await refused('addProject', { body, headers })).toBe('BODY_TOO_LARGE');
    });

    it('with __proto__ in a packet changes no object of ours', async () => {
      const body = JSON.stringify({ project: 'one', packets: packets('proto') }).replace(
        '{"task_id"',
        '{"__proto__":{"polluted":1},"task_id"',
      );
      await call('addRuns', { body });
      expect((await call('getHealth')).text).toBe('{"status":"ok"}');
    });

    it('of packets that cannot be is refused', async () => {
      const project = 'one';
      expect(await refused('addRuns', { json: { project, packets: [{ task_id: ['x'] }] } })).toBe(
        'PAWL_PACKETS_INVALID',
      );
      const many = Array.from({ length: 1_001 }, (_, index) => ({ task_id: `m-${index}` }));
      expect(await refused('addRuns', { json: { project, packets: many } })).toBe('PAWL_PACKETS_TOO_LARGE');
      const scm_target = { repo: 'acme/widget', issue_number: 1, intended_branch: 'work/slow', base_branch: 'main' };
      const clash = [packetOf('clash', { scm_target })];
      expect(await refused('addRuns', { json: { project, packets: clash, allOrNothing: true } })).toBe(
        'PAWL_RUN_CONFLICT',
      );
    });
  });
}
