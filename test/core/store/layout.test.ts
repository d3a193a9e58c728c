import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LayoutTarget } from '../../../src/core/store/layout.ts';
import { describeTarget } from '../target.contract.ts';

describeTarget('an image layout', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'omlmd-layout-'));
  return {
    target: new LayoutTarget(join(folder, 'layout')),
    stop: () => rm(folder, { recursive: true, force: true }),
  };
});
