import { CHUNK_BYTES, MAX_CHUNK_BYTES, MIN_CHUNK_BYTES } from '../registry/chunk-size.ts';
import type { ChunkProbe, PushProbe } from '../registry/probe-repository.ts';
import { isPatchRefused, isTooLarge } from '../registry/upload-refusal.ts';
import { failureCheck, type HealthCheck, okCheck, warningCheck } from './doctor-check.ts';
import { formatBytes } from './transfer-meter.ts';

const USUAL = formatBytes(CHUNK_BYTES);
const LEAST = formatBytes(MIN_CHUNK_BYTES);
const MOST = formatBytes(MAX_CHUNK_BYTES);

/** How much a registry takes at once, as far as it says so or was tried, and what omlmd does about it. */
export function describeChunks({ minimumChunk, chunk }: PushProbe): HealthCheck {
  if (minimumChunk > MAX_CHUNK_BYTES)
    return failureCheck(
      'chunks',
      `of ${formatBytes(minimumChunk)} or more; more than ${MOST} are not sent at once`,
      'Ask whoever runs the registry to lower OCI-Chunk-Min-Length.',
    );
  if (chunk === undefined)
    return okCheck('chunks', `of ${formatBytes(minimumChunk)} or more, which is obeyed; none was tried`);
  return chunk.taken > 0 ? describeTaken(chunk) : describeRefused(chunk.refusal);
}

function describeTaken({ refusal }: ChunkProbe): HealthCheck {
  if (refusal === undefined)
    return okCheck('chunks', `a little over ${USUAL} are taken at once; more was not tried`);
  const more = `${USUAL} are taken at once, a little more is not`;
  if (isTooLarge(refusal)) return okCheck('chunks', `${more}: no more is sent after the first refusal`);
  return warningCheck(
    'chunks',
    `${more}: ${refusal.message}`,
    'Nothing has to be done if pushes end well; they go on in small chunks after a failure.',
  );
}

function describeRefused(refusal: ChunkProbe['refusal']): HealthCheck {
  if (isPatchRefused(refusal))
    return warningCheck(
      'chunks',
      'none are taken: each file is sent in one request, and from its start again where that breaks',
      'Ask whoever runs the registry or a proxy before it to let PATCH pass.',
    );
  if (isTooLarge(refusal))
    return warningCheck(
      'chunks',
      `${USUAL} are too much at once: chunks are halved, down to ${LEAST}`,
      `Ask whoever runs the registry or a proxy before it to take bodies of ${USUAL}.`,
    );
  return warningCheck(
    'chunks',
    `${USUAL} at once are not taken: ${refusal?.message ?? 'without a reason'}`,
    'Look for a proxy on the way that ends long requests; --debug shows what was asked and answered.',
  );
}
