/**
 * Before and after: what has changed of the settings of a fixture's repository since somebody looked.
 *
 * Owns: the two looks. Does not own: what counts as a change (scm/git-settings).
 */
import { join } from 'node:path';
import { changeWords } from '../../src/blockers/git-words.ts';
import type { GitSettings } from '../../src/model/request.ts';
import { settingChanges } from '../../src/scm/git-settings.ts';
import { createFixture, type Fixture } from './git-fixture.ts';

/** A fixture whose settings were looked at. */
export interface SettingsWatch {
  readonly fix: Fixture;
  /** A path in the folder that all worktrees share. */
  common(name: string): string;
  /** The settings as they are now. */
  look(): Promise<GitSettings>;
  /** Takes what is there now for the state before. */
  lookAgain(): Promise<void>;
  /** What has changed since the last look, a line each. */
  changes(): Promise<readonly string[]>;
  /** What has changed since then in these settings. */
  changesIn(settings: GitSettings): readonly string[];
}

/** Makes a fixture with its worktree, and looks at it. */
export async function watchSettings(): Promise<SettingsWatch> {
  const fix = createFixture();
  await fix.git.prepareWorkspace(fix.spec());
  const look = async (): Promise<GitSettings> => (await fix.git.settings(fix.worktree)).settings;
  let before = await look();
  return {
    fix,
    common: (name) => join(fix.repo.path, '.git', name),
    look,
    lookAgain: async () => {
      before = await look();
    },
    changes: async () => settingChanges(before, await look()).map(changeWords),
    changesIn: (settings) => settingChanges(before, settings).map(changeWords),
  };
}
