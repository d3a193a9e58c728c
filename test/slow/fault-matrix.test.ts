import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Bench, openBench } from '../core/registry/fault-bench.ts';
import { holdKind } from '../core/registry/fault-cases.ts';
import { KINDS } from '../core/registry/fault-matrix.ts';

let bench: Bench;

beforeAll(async () => {
  bench = await openBench();
});

afterAll(() => bench.stop());

for (const kind of KINDS) {
  holdKind(() => bench, kind, 'once');
  holdKind(() => bench, kind, 'always');
}

it('no redirect has told another origin the login', () => {
  expect(bench.mirror.logins).toEqual([]);
});
