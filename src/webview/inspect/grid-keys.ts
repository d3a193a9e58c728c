/** A cell of a grid. Row 0 is the heading, the first row of the list is 1. */
export interface GridPlace {
  readonly row: number;
  readonly column: number;
}

export interface GridSize {
  /** The heading not counted. */
  readonly rows: number;
  readonly columns: number;
  /** Rows that are seen at once. */
  readonly page: number;
}

export interface PressedKey {
  readonly key: string;
  readonly ctrlKey: boolean;
}

/** Where a key moves the focus to, as grids do it everywhere (ARIA Authoring Practices); undefined for other keys. */
export function moveFocus(pressed: PressedKey, from: GridPlace, size: GridSize): GridPlace | undefined {
  const to = target(pressed, from, size);
  if (to === undefined) return undefined;
  return { row: clamp(to.row, size.rows), column: clamp(to.column, size.columns - 1) };
}

function target(
  { key, ctrlKey }: PressedKey,
  { row, column }: GridPlace,
  { rows, columns, page }: GridSize,
): GridPlace | undefined {
  switch (key) {
    case 'ArrowUp':
      return { row: row - 1, column };
    case 'ArrowDown':
      return { row: row + 1, column };
    case 'ArrowLeft':
      return { row, column: column - 1 };
    case 'ArrowRight':
      return { row, column: column + 1 };
    case 'PageUp':
      return { row: Math.max(Math.min(row, 1), row - Math.max(1, page)), column };
    case 'PageDown':
      return { row: row + Math.max(1, page), column };
    case 'Home':
      return ctrlKey ? { row: Math.min(1, rows), column: 0 } : { row, column: 0 };
    case 'End':
      return { row: ctrlKey ? rows : row, column: columns - 1 };
    default:
      return undefined;
  }
}

function clamp(value: number, most: number): number {
  return Math.min(Math.max(value, 0), Math.max(most, 0));
}
