import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Bench, openBench } from './fault-bench.ts';
import { holdKind } from './fault-cases.ts';
import { KINDS } from './fault-matrix.ts';

/** Those that everything hangs on; `test/slow/fault-matrix.test.ts` has all, and all that fail for good. */
const FIRST = [
  'say hello',
  'send a chunk',
  'end an upload',
  'get a manifest',
  'get a large blob',
  'send a list of referrers',
];

let bench: Bench;

beforeAll(async () => {
  bench = await openBench();
});

afterAll(() => bench.stop());

for (const kind of KINDS.filter(({ name }) => FIRST.includes(name))) holdKind(() => bench, kind, 'once');

it('no redirect has told another origin the login', () => {
  expect(bench.mirror.logins).toEqual([]);
});
