/** Newest-looking first: numbers in names compare as numbers, so `v10` stands before `v9`. */
export function newestNameFirst(a: string, b: string): number {
  return b.localeCompare(a, 'en', { numeric: true });
}
