import { describe, expect, it } from 'vitest';
import { countsOfJunit, countsOfLastLine, settle } from '../../scripts/test-counts.ts';

describe('countsOfJunit', () => {
  it('sums the suites of a Vitest report, not its total', () => {
    const xml = `<testsuites name="vitest tests" tests="5" failures="1" errors="0">
      <testsuite name="a" tests="3" failures="1" errors="0" skipped="1" time="1"></testsuite>
      <testsuite name="b" tests="2" failures="0" errors="0" skipped="0"></testsuite></testsuites>`;
    expect(countsOfJunit(xml)).toEqual({ passed: 3, failed: 1, skipped: 1 });
  });

  it('counts errors of a pytest report as failures', () => {
    const xml =
      '<testsuites><testsuite name="pytest" errors="2" failures="1" skipped="0" tests="9" /></testsuites>';
    expect(countsOfJunit(xml)).toEqual({ passed: 6, failed: 3, skipped: 0 });
  });

  it('is undefined for anything else', () => {
    expect(countsOfJunit('')).toBeUndefined();
  });
});

describe('countsOfLastLine', () => {
  it('reads the last line and the skipped count', () => {
    expect(countsOfLastLine('  ok a\n1 skipped\n4 passed, 2 failed\n')).toEqual({
      passed: 4,
      failed: 2,
      skipped: 1,
    });
  });

  it('is undefined when the run stopped before its last line', () => {
    expect(countsOfLastLine('4 passed, 2 failed\nTypeError')).toBeUndefined();
  });
});

describe('settle', () => {
  it('makes a part without a test a failure', () => {
    expect(settle({ passed: 0, failed: 0, skipped: 3 }, 0)).toEqual({ passed: 0, failed: 1, skipped: 3 });
    expect(settle(undefined, 0).failed).toBe(1);
  });

  it('makes a bad exit status a failure', () => {
    expect(settle({ passed: 7, failed: 0, skipped: 0 }, 1)).toEqual({ passed: 7, failed: 1, skipped: 0 });
  });

  it('keeps what the part counted otherwise', () => {
    expect(settle({ passed: 7, failed: 2, skipped: 0 }, 1)).toEqual({ passed: 7, failed: 2, skipped: 0 });
  });
});
