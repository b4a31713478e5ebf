/** Which packets of one file will wait for an earlier one. */
import { describe, expect, it } from 'vitest';
import { sha256 } from '../../src/base/sha256.ts';
import type { PacketReading } from '../../src/model/packet.ts';
import { type FileOverlap, fileOverlaps } from '../../src/packets/file-overlaps.ts';
import { readPacketsDocument } from '../../src/packets/packets.ts';
import { type Given, goodPacket } from './good-packet.ts';

function packet(id: string, paths: readonly string[], scm: Given = {}): Given {
  const good = goodPacket();
  const target = { ...(good.scm_target as Given), issue_number: null, intended_branch: `work/${id}`, ...scm };
  return { ...good, task_id: id, scm_target: target, conflict_surface: paths };
}

function overlapsOf(
  packets: readonly Given[],
  isRunning: (reading: PacketReading) => boolean = () => true,
): readonly (FileOverlap | null)[] | null {
  return fileOverlaps(readPacketsDocument({ packets }, sha256).readings, isRunning);
}

const path = (name: string): string => `path:acme/widgets/${name}`;

describe('the packets of a file', () => {
  it('wait for the first one before them that declares the same path, above or below', () => {
    expect(
      overlapsOf([
        packet('A', ['src/a']),
        packet('B', ['src/b', 'src/a/x.js']),
        packet('C', ['src']),
        packet('D', ['d']),
      ]),
    ).toEqual([null, { earlier: 0, surfaces: [path('src/a/x.js')] }, { earlier: 0, surfaces: [path('src')] }, null]);
    expect(overlapsOf([packet('A', ['a']), packet('B', ['b']), packet('C', ['b', 'c'])])).toEqual([
      null,
      null,
      { earlier: 1, surfaces: [path('b')] },
    ]);
  });

  it('wait for one of the same issue', () => {
    expect(overlapsOf([packet('A', ['a'], { issue_number: 7 }), packet('B', ['b'], { issue_number: 7 })])).toEqual([
      null,
      { earlier: 0, surfaces: ['scm:github/acme/widgets#7'] },
    ]);
  });

  it('do not wait for one of the same branch: that is refused, and no wait', () => {
    const branch = { intended_branch: 'work/same' };
    expect(overlapsOf([packet('A', ['a'], branch), packet('B', ['b'], branch)])).toEqual([null, null]);
  });

  it('do not wait for the same packet again, or for one that will not run', () => {
    const twice = packet('A', ['a']);
    expect(overlapsOf([twice, twice])).toEqual([null, null]);
    const notA = ({ packet: { taskId } }: PacketReading): boolean => taskId !== 'A';
    expect(overlapsOf([twice, packet('B', ['a']), packet('C', ['a'])], notA)).toEqual([
      null,
      null,
      { earlier: 1, surfaces: [path('a')] },
    ]);
  });

  it('are not compared when they declare more than 2,000 paths', () => {
    const many = (count: number): Given[] =>
      Array.from({ length: 10 }, (_, n) =>
        packet(
          `P${n}`,
          Array.from({ length: n === 0 ? count : 200 }, (_each, file) => (file === 0 ? 'shared' : `f${n}/${file}`)),
        ),
      );
    const waiting = { earlier: 0, surfaces: [path('shared')] };
    expect(overlapsOf(many(200))).toEqual([null, ...Array.from({ length: 9 }, () => waiting)]);
    expect(overlapsOf(many(201))).toBeNull();
  });
});
