/** How many tests of one part passed, failed and were skipped. */
export interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/** The counts of a JUnit XML report, as Vitest and pytest write it; undefined when it is none. */
export function countsOfJunit(xml: string): Counts | undefined {
  const suites = [...xml.matchAll(/<testsuite\s([^>]*)>/g)].map((match) => match[1] ?? '');
  if (suites.length === 0) return undefined;
  const total = (name: string) => suites.reduce((sum, suite) => sum + attribute(suite, name), 0);
  const failed = total('failures') + total('errors');
  const skipped = total('skipped');
  return { passed: total('tests') - failed - skipped, failed, skipped };
}

/** The counts of a runner that ends with `N passed, N failed`, with a line `N skipped` somewhere if any were. */
export function countsOfLastLine(output: string): Counts | undefined {
  const last = output.trimEnd().split('\n').at(-1) ?? '';
  const match = /^(\d+) passed, (\d+) failed$/.exec(last.trim());
  if (match === null) return undefined;
  const skipped = /^(\d+) skipped$/m.exec(output)?.[1] ?? '0';
  return { passed: Number(match[1]), failed: Number(match[2]), skipped: Number(skipped) };
}

/**
 * What a part counts as, given what it reported and how its program ended. A part that ran no test, and one that failed
 * without a failed test, have one failure: nothing is skipped in silence.
 */
export function settle(counts: Counts | undefined, status: number | null): Counts {
  if (counts === undefined || counts.passed + counts.failed === 0) {
    return { passed: 0, failed: 1, skipped: counts?.skipped ?? 0 };
  }
  if (status !== 0 && counts.failed === 0) return { ...counts, failed: 1 };
  return counts;
}

function attribute(element: string, name: string): number {
  return Number(new RegExp(`\\b${name}="(\\d+)"`).exec(element)?.[1] ?? '0');
}
