import { MemoryTarget } from '../../../src/core/store/memory.ts';
import { describeTarget } from '../target.contract.ts';

describeTarget('memory', async () => ({ target: new MemoryTarget(), stop: async () => {} }));
