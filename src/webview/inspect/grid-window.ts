/** The part of a list that is drawn: rows from `first` to before `end`. */
export interface RowWindow {
  readonly first: number;
  readonly end: number;
}

/** What is seen of a scrolled list, in pixels. */
export interface Scroll {
  readonly top: number;
  /** Of the rows alone, the heading not counted. */
  readonly height: number;
}

/** Rows drawn above and below what is seen, so that a step of the wheel finds them there. */
const SPARE_ROWS = 8;

export function rowWindow({ top, height }: Scroll, rowHeight: number, rows: number): RowWindow {
  const first = Math.floor(Math.max(0, top) / rowHeight) - SPARE_ROWS;
  const end = Math.ceil((Math.max(0, top) + height) / rowHeight) + SPARE_ROWS;
  return { first: clamp(first, 0, rows), end: clamp(end, 0, rows) };
}

/** Where to scroll so that a row is seen whole; the same place where it is. */
export function scrollTo(row: number, { top, height }: Scroll, rowHeight: number): number {
  const start = row * rowHeight;
  if (start < top) return start;
  return Math.max(top, start + rowHeight - height);
}

function clamp(value: number, least: number, most: number): number {
  return Math.min(Math.max(value, least), most);
}
