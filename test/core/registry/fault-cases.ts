import { expect, it } from 'vitest';
import { type Bench, MODEL_BYTES } from './fault-bench.ts';
import { type Kind, meet, type Outcome } from './fault-matrix.ts';
import { FAULTS, type Row } from './fault-table.ts';

/** Config, metadata and manifest beside the model, twice. Bytes. */
const SMALL_BYTES = 8 * 1024;
/** The most that one failure may have sent again. */
const CHUNK_BYTES = 4 * 1024 * 1024;
/** When a person has enough of a stall that is not one yet, milliseconds. */
const PATIENCE_MS = 600;
/** Times that a job is done to see a request that is not always made. */
const MOST_ATTEMPTS = 5;
/** Milliseconds a case may take on a machine that does other things. */
const CASE_MS = 60_000;

/** A test for each fault that a kind of request may meet, `once` or at every try. */
export function holdKind(bench: () => Bench, kind: Kind, times: 'once' | 'always'): void {
  it.each(FAULTS.map((row) => [row.name, row] as const))(
    `${kind.name}: %s, ${times}`,
    async (_name, row) => {
      const wanted =
        times === 'once' ? (row.once?.[kind.name] ?? 'ok') : (row.except?.[kind.name] ?? row.always);
      const left = times === 'once' ? 1 : Number.POSITIVE_INFINITY;
      const patience = wanted === 'stopped' ? PATIENCE_MS : undefined;
      const attempt = () => meet(bench(), kind, row.fault(bench()), left, patience);
      let outcome = await attempt();
      for (let more = 1; kind.mayBeLeftOut && outcome.met === 0 && more < MOST_ATTEMPTS; more += 1)
        outcome = await attempt();
      expect(outcome.met).toBeGreaterThan(0);
      expect(wanted.split(' or '), String(outcome.error)).toContain(outcome.ended);
      if (outcome.ended === 'ok') expectDone(kind, outcome);
      else expectClean(kind, outcome);
      if (times === 'once') expectThrift(kind, row, outcome);
    },
    CASE_MS,
  );
}

function expectDone(kind: Kind, { done, left }: Outcome): void {
  expect(done).toBe(true);
  if (kind.job.startsWith('pull'))
    expect([...left].sort()).toEqual(['model.bin', 'model_metadata.omlmd.json', 'model_metadata.omlmd.yaml']);
}

/** Only what the network did may leave a hidden file, from which the next pull goes on (R24). */
function expectClean(kind: Kind, { ended, done, left }: Outcome): void {
  const mayGoOn = ['unreachable', 'timed-out', 'registry-failed', 'stopped'].includes(ended);
  expect(left.filter((name) => !mayGoOn || !name.startsWith('.omlmd-'))).toEqual([]);
  // The last request of a push may have been done before its answer went wrong.
  if (kind.job === 'push' && kind.name !== 'set a tag') expect(done).toBe(false);
}

/** One failure costs a chunk at most, and the wait that was asked for. */
function expectThrift(kind: Kind, { name }: Row, { sent, waits, ranges, ended }: Outcome): void {
  const again = name === 'a session that is gone' ? MODEL_BYTES : CHUNK_BYTES;
  expect(sent).toBeLessThan(MODEL_BYTES + SMALL_BYTES + again);
  if (kind.asksOnce) return;
  if (name === '429, in seconds') expect(Math.max(...waits)).toBeGreaterThanOrEqual(7_000);
  if (name === '429, at a date') expect(Math.max(...waits)).toBeGreaterThan(50_000);
  const broken = name.startsWith('a body cut') || name === 'a stall mid-way';
  if (broken && ended === 'ok' && ranges.length > 1) expect(ranges[1]).toMatch(/^bytes=[1-9]/);
}
