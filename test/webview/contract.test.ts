import { describe, expect, it } from 'vitest';
import { parseFromWebview } from '../../src/webview/contract.ts';

describe('messages of a webview', () => {
  it('are taken when they are known', () => {
    expect(parseFromWebview({ type: 'ready' })).toEqual({ type: 'ready' });
    expect(parseFromWebview({ type: 'action', id: 'pull', more: 1 })).toEqual({ type: 'action', id: 'pull' });
  });

  it.each([null, 'ready', { type: 'run' }, { type: 'action' }, { type: 'action', id: 'toString' }, []])(
    'are passed over when they are %j',
    (message) => {
      expect(parseFromWebview(message)).toBeUndefined();
    },
  );
});
