/**
 * The rows of the live view: what works first, what has ended as a count, columns that stand below one another.
 *
 * Owns: their order, widths and cuts. Does not own: the facts (cli/live-view), drawing (cli/live-lines).
 *
 * Invariant: no row is longer than the terminal is wide: a row that wraps is drawn over itself.
 */
import { type Condition, MARKS, sumOf } from '../run/run-marks.ts';
import { columnsOf, cutColumns, padColumns } from './columns.ts';

/** One run in the live view. */
export interface LiveRow {
  readonly condition: Condition;
  /** What a person calls it: its packet's task id. */
  readonly name: string;
  /** Where it stands, in a word or two. */
  readonly place: string;
  /** How long, since when, what for: the most important first. */
  readonly details: readonly string[];
}

/** How the parts of a row are coloured. */
export interface RowColours {
  mark(condition: Condition, text: string): string;
  name(text: string): string;
  place(text: string): string;
  detail(text: string): string;
}

/** The size of a terminal that does not say how large it is. */
const COLUMNS = 80;
const LINES = 24;

const GAP = '  ';
/** The mark and a space. */
const SIGN_COLUMNS = 2;
const ROWS_MAX = 20;
const NAME_COLUMNS_MAX = 24;
const PLACE_COLUMNS_MAX = 28;
/** Working, then what may need a look, then what waits. */
const ORDER: readonly Condition[] = ['working', 'blocked', 'quarantined', 'waiting'];

/** The room that a terminal has for them. */
export interface LiveRoom {
  readonly columns: number;
  readonly lines: number;
}

/** The room of a terminal in which so many lines are taken, besides the one that the cursor stands on. */
export function roomIn({ columns = COLUMNS, rows = LINES }: NodeJS.WriteStream, taken = 0): LiveRoom {
  return { columns, lines: rows - 1 - taken };
}

/** The lines that fit: at most ROWS_MAX runs, and what is left out as counts. */
export function liveRows(
  rows: readonly LiveRow[],
  { columns, lines: linesMax }: LiveRoom,
  colours: RowColours,
): readonly string[] {
  const open = rows.filter(({ condition }) => ORDER.includes(condition));
  const shown = [...open]
    .sort((a, b) => ORDER.indexOf(a.condition) - ORDER.indexOf(b.condition))
    // One line is for what is left out.
    .slice(0, Math.max(1, Math.min(ROWS_MAX, linesMax - 1)));
  // A terminal wraps what fills its last column.
  const room = columns - 1 - SIGN_COLUMNS - 2 * GAP.length;
  const nameColumns = widest(
    shown.map(({ name }) => name),
    Math.min(NAME_COLUMNS_MAX, Math.floor(room / 2)),
  );
  const placeColumns = widest(
    shown.map(({ place }) => place),
    Math.min(PLACE_COLUMNS_MAX, room - nameColumns),
  );
  const lines = shown.map(({ condition, name, place, details }) =>
    [
      `${colours.mark(condition, MARKS[condition])} ${colours.name(padColumns(cutColumns(name, nameColumns), nameColumns))}`,
      colours.place(padColumns(cutColumns(place, placeColumns), placeColumns)),
      colours.detail(cutColumns(details.join(' · '), room - nameColumns - placeColumns)),
    ].join(GAP),
  );
  const hidden = open.length - shown.length;
  const ended = sumOf(rows.filter(({ condition }) => !ORDER.includes(condition)).map(({ condition }) => condition));
  const rest = [hidden > 0 ? `and ${hidden} more` : '', ended].filter((part) => part !== '');
  return [...lines, ...(rest.length === 0 ? [] : [colours.detail(cutColumns(`  ${rest.join(' · ')}`, columns - 1))])];
}

function widest(texts: readonly string[], most: number): number {
  return Math.min(most, Math.max(0, ...texts.map(columnsOf)));
}
