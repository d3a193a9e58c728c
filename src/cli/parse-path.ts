import { stat } from 'node:fs/promises';
import type { ModelPath } from '../core/index.ts';

/** A PATH as it stands if it exists; else the last `:` starts its media type, which has a `/` in it. */
export async function parsePath(text: string): Promise<ModelPath> {
  const exists = await stat(text).then(
    () => true,
    () => false,
  );
  const colon = text.lastIndexOf(':');
  if (exists || colon <= 0 || !text.slice(colon + 1).includes('/')) return { path: text };
  return { path: text.slice(0, colon), mediaType: text.slice(colon + 1) };
}
