/**
 * Small pieces that the whole page is made of.
 *
 * Owns: chips, commands to copy, empty places. Does not own: what they say.
 *
 * Invariant: 1. Meaning never hangs on colour alone: every tone has a sign and a word beside it.
 */
import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import type { Action } from '../../model/action.ts';
import type { Tone } from './journal-marks.ts';

const SIGNS: Readonly<Record<Tone, string>> = { plain: '·', now: '▸', good: '✓', warn: '!', bad: '✕' };

/** A word with its tone. */
export function Chip({ tone, children }: { readonly tone: Tone; readonly children: ComponentChildren }) {
  return (
    <span class={`chip tone-${tone}`}>
      <span class="sign" aria-hidden="true">
        {SIGNS[tone]}
      </span>
      {children}
    </span>
  );
}

const ICONS = {
  first: 'M4 3v10M13 3 6 8l7 5z',
  back: 'M11 3 4 8l7 5z',
  on: 'M5 3l7 5-7 5z',
  play: 'M4 2.5 13 8l-9 5.5z',
  pause: 'M5 3v10M11 3v10',
} as const;

/** A small picture on a button, which has a label of its own. */
export function Icon({ name }: { readonly name: keyof typeof ICONS }) {
  return (
    <svg class="icon" viewBox="0 0 16 16" width="14" height="14" aria-hidden="true">
      <path d={ICONS[name]} />
    </svg>
  );
}

const COPIED_MS = 1_500;

/** A command as text, with a button that copies it. */
export function Command({ text }: { readonly text: string }) {
  const [outcome, setOutcome] = useState<'copied' | 'refused' | null>(null);
  const copy = (): void => {
    navigator.clipboard.writeText(text).then(
      () => {
        setOutcome('copied');
        setTimeout(() => setOutcome(null), COPIED_MS);
      },
      // The browser may forbid it: then the person is told, and copies by hand.
      () => setOutcome('refused'),
    );
  };
  return (
    <span class="command">
      <code>{text}</code>
      <button type="button" class="quiet" aria-label={`Copy: ${text}`} onClick={copy}>
        {outcome === 'copied' ? 'Copied' : 'Copy'}
      </button>
      {outcome === 'refused' ? (
        <small class="tone-warn" role="status">
          The browser refused: select the command and copy it.
        </small>
      ) : null}
    </span>
  );
}

/** What stands where there is nothing yet. */
export function Empty({ title, children }: { readonly title: string; readonly children?: ComponentChildren }) {
  return (
    <div class="empty">
      <strong>{title}</strong>
      {children === undefined ? null : <p>{children}</p>}
    </div>
  );
}

/** A name and its value. */
export function Fact({ name, children }: { readonly name: string; readonly children: ComponentChildren }) {
  return (
    <div class="fact">
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

/** Any JSON as text. */
export function Document({ value, label }: { readonly value: unknown; readonly label: string }) {
  return (
    <pre class="document" tabIndex={0} role="region" aria-label={label}>
      {JSON.stringify(value, null, 2)}
    </pre>
  );
}

/** What can be done, one complete command for each alternative; what is not a command as words. */
export function Actions({ actions }: { readonly actions: readonly Action[] }) {
  if (actions.length === 0) return <p class="soft">Nothing to do.</p>;
  return (
    <ul class="actions" aria-label="What can be done">
      {actions.map(({ kind, label, command }) => (
        <li key={`${kind} ${label}`}>
          <span class="soft">{label}</span> {command === null ? null : <Command text={command} />}
        </li>
      ))}
    </ul>
  );
}
