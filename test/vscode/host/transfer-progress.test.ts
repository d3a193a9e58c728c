import assert from 'node:assert/strict';
import type { Progress } from '../../../src/core/index.ts';
import { RunningTransfers, TransferCanceled } from '../../../src/extension/running-transfers.ts';
import { reporter, withTransfer } from '../../../src/extension/transfer-progress.ts';

function event(kind: Progress['kind'], bytes: number, state: Progress['state'] = 'active'): Progress {
  return { id: 'm', name: 'model.onnx', kind, bytes, total: 1000, state };
}

describe('the progress of a transfer', () => {
  it('only grows, and ends at the whole', () => {
    const increments: number[] = [];
    let now = 0;
    const report = reporter(
      ({ increment }) => increments.push(increment),
      () => (now += 200),
    );
    for (const kind of ['hash', 'upload'] as const) {
      for (const bytes of [0, 500, 1000]) report(event(kind, bytes));
      report(event(kind, 1000, 'done'));
    }
    assert(increments.every((increment) => increment >= 0));
    assert.equal(
      increments.reduce((sum, increment) => sum + increment, 0),
      100,
    );
  });

  it('says what moves, how much of it, how fast and how long it will take', () => {
    const messages: string[] = [];
    let now = 0;
    const report = reporter(
      ({ message }) => messages.push(message),
      () => (now += 1000),
    );
    for (const bytes of [0, 100, 200, 300]) report(event('upload', bytes));
    assert.match(messages.at(-1) ?? '', /^sending model\.onnx 300 B of 1\.0 KB · \d+ B\/s · \d+ s left$/);
  });

  it('does not flood the window', () => {
    let reports = 0;
    let now = 0;
    const report = reporter(
      () => (reports += 1),
      () => (now += 1),
    );
    for (let bytes = 0; bytes < 1000; bytes += 1) report(event('upload', bytes));
    assert(reports < 50, `${reports} reports`);
  });

  it('gives back what the transfer gives, and its error', async () => {
    const shared = { transfers: new RunningTransfers() };
    assert.equal(await withTransfer(shared, 't', 'omlmd.local', async () => 42), 42);
    await assert.rejects(
      withTransfer(shared, 't', 'omlmd.local', async () => Promise.reject(new Error('broken'))),
      /broken/,
    );
  });

  it('stands in the view that it belongs to until it is over, and is canceled from there', async () => {
    const transfers = new RunningTransfers();
    const running = withTransfer({ transfers }, 'Pushing to h/iris', 'omlmd.registries', (call) => {
      call.onProgress(event('upload', 500));
      return new Promise((_, reject) =>
        call.signal.addEventListener('abort', () => reject(call.signal.reason)),
      );
    });
    const text = transfers.textOf('omlmd.registries') ?? '';
    assert.match(text, /^Pushing to h\/iris: sending model\.onnx 500 B of/);
    assert.equal(transfers.textOf('omlmd.local'), undefined);
    transfers.all[0]?.cancel();
    await assert.rejects(running, TransferCanceled);
    assert.equal(transfers.textOf('omlmd.registries'), undefined);
  });
});
