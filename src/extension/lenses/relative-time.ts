/** Seconds in a unit, the largest first. */
const UNITS: readonly (readonly [Intl.RelativeTimeFormatUnit, number])[] = [
  ['year', 31_536_000],
  ['month', 2_592_000],
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
];

/** How long ago that was, as `2h ago` in that language; undefined for less than a minute. Times in milliseconds. */
export function relativeTime(then: number, now: number, language: string): string | undefined {
  const seconds = Math.floor((now - then) / 1000);
  const unit = UNITS.find(([, length]) => seconds >= length);
  if (unit === undefined) return undefined;
  const format = new Intl.RelativeTimeFormat(language, { style: 'narrow' });
  return format.format(-Math.floor(seconds / unit[1]), unit[0]);
}
