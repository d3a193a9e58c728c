import { OmlmdError } from '../errors.ts';
import type { HttpResponse } from './http-exchange.ts';

/** Bytes of a JSON answer that is not a manifest: a page of tags or of repositories. */
export const MAX_PAGE_BYTES = 4 * 1024 * 1024;

/** Reads a small body whole; more than `limit` bytes is `limit-exceeded`, by counting, not by its header (S10). */
export async function readBody(response: HttpResponse, limit: number, doing: string): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let total = 0;
  for await (const chunk of response.body()) {
    total += chunk.byteLength;
    if (total > limit)
      throw new OmlmdError('limit-exceeded', `${doing}: the answer is larger than ${limit} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, total);
}

/** A header that must stand once. */
export function headerOf(response: HttpResponse, name: string): string | undefined {
  const value = response.headers[name];
  return Array.isArray(value) ? value[0] : value;
}
