import { OmlmdError, quote } from '../errors.ts';
import {
  type CallOptions,
  type Piece,
  type PiecewiseContent,
  type StreamOptions,
  verifiedStream,
} from '../oci/content.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import type { HttpResponse } from './http-exchange.ts';
import { ParallelDownload } from './parallel-download.ts';
import { headerOf } from './response-body.ts';
import type { RegistryRequest, RegistryTransport } from './transport.ts';

/** What a download needs to know of a blob. */
export interface RemoteBlob {
  readonly transport: RegistryTransport;
  readonly request: Pick<RegistryRequest, 'target' | 'doing' | 'scopes'>;
  readonly descriptor: Descriptor;
}

/**
 * A blob as content. Every stream is its own request, taken up again by range where it broke off (R11). The stream of
 * the whole is verified at its end; what comes through {@link Content.slice}, `slice()` of the whole included, is not,
 * for callers that verify elsewhere.
 */
export function remoteContent(blob: RemoteBlob): PiecewiseContent {
  const { descriptor } = blob;
  const raw = (start: number, end: number) => ({
    stream: (options?: StreamOptions) => download(blob, start, end, options),
  });
  return {
    isRemote: true,
    size: descriptor.size,
    verifies: descriptor.digest,
    slice: (start = 0, end = descriptor.size) => remoteSlice(blob, start, end),
    stream: (options) => verifiedStream(raw(0, descriptor.size), descriptor, options),
    pieces: (from, options) => pieces(blob, from, descriptor.size, options),
  };
}

export interface DownloadOptions extends StreamOptions {
  /** Called, before anything is skipped, when the registry does not answer ranges; must throw. */
  readonly onIgnoredRange?: (() => never) | undefined;
}

function pieces(
  blob: RemoteBlob,
  from: number,
  to: number,
  options: StreamOptions | undefined,
): AsyncGenerator<Piece> {
  return new ParallelDownload((at, end, more) => download(blob, at, end, more), options).pieces(from, to);
}

function remoteSlice(blob: RemoteBlob, start: number, end: number): PiecewiseContent {
  const { size } = blob.descriptor;
  const from = Math.min(Math.max(start, 0), size);
  const to = Math.max(from, Math.min(end, size));
  return {
    isRemote: true,
    size: to - from,
    slice: (first = 0, last = to - from) =>
      remoteSlice(blob, Math.min(from + Math.max(first, 0), to), Math.min(from + Math.max(last, 0), to)),
    stream: (options) => download(blob, from, to, options),
    async *pieces(first, options) {
      for await (const { position, bytes } of pieces(blob, from + first, to, options))
        yield { position: position - from, bytes };
    },
  };
}

/** The bytes from `from` to before `to`, taken up again where they break off. */
export async function* download(
  blob: RemoteBlob,
  from: number,
  to: number,
  { onIgnoredRange, ...options }: DownloadOptions = {},
): AsyncGenerator<Uint8Array> {
  const budget = blob.transport.budget();
  for (let at = from, whole = false; at < to || blob.descriptor.size === 0; ) {
    try {
      const opened = await open(blob, at, to, whole, options);
      if (onIgnoredRange !== undefined && (opened === 'wrong-range' || opened.start !== at)) {
        if (opened !== 'wrong-range') opened.response.discard();
        onIgnoredRange();
      }
      if (opened === 'wrong-range') {
        whole = true; // the registry cannot count: read from the start and skip (R13)
        continue;
      }
      for await (const chunk of part(blob, opened, at, to, options)) {
        at += chunk.byteLength;
        budget.progressed();
        yield chunk;
      }
      if (at === to) return;
      throw new OmlmdError('size-mismatch', `${blob.request.doing}: it ends after ${at} of ${to} bytes`, {
        retryable: true,
      });
    } catch (error) {
      await budget.wait(error, options);
    }
  }
}

/** An open answer, and the byte of the blob that its body begins at. */
interface Opened {
  readonly response: HttpResponse;
  readonly start: number;
}

async function open(
  blob: RemoteBlob,
  at: number,
  to: number,
  whole: boolean,
  { signal }: CallOptions,
): Promise<Opened | 'wrong-range'> {
  const { size } = blob.descriptor;
  const partial = !whole && (at > 0 || to < size);
  const response = await blob.transport.attempt({
    ...blob.request,
    method: 'GET',
    signal,
    ...(partial ? { headers: { range: `bytes=${at}-${to - 1}` }, accept: [416] } : {}),
  });
  const refuse = (what: string) => {
    response.discard();
    return new OmlmdError('size-mismatch', `${blob.request.doing}: expected ${size} bytes, ${what}`);
  };
  if (response.status === 416) throw refuse(`the registry has no byte ${at}`);
  if (response.status !== 206) {
    const length = headerOf(response, 'content-length');
    if (length !== undefined && Number(length) !== size) throw refuse(`the registry says ${quote(length)}`);
    return { response, start: 0 };
  }
  const range = /^bytes ([0-9]{1,16})-([0-9]{1,16})\/([0-9]{1,16}|\*)$/.exec(
    headerOf(response, 'content-range')?.trim() ?? '',
  );
  if (!partial || range === null || Number(range[1]) !== at) {
    response.discard();
    if (whole) throw refuse('the registry answers with a part that was not asked for');
    return 'wrong-range';
  }
  if (range[3] !== '*' && Number(range[3]) !== size) throw refuse(`the registry says ${range[3]}`);
  return { response, start: at };
}

/** The bytes from `at` to before `to` of an answer. One byte more than the blob has is an error, not read on (S11). */
async function* part(
  blob: RemoteBlob,
  opened: Opened,
  at: number,
  to: number,
  { allocate }: StreamOptions,
): AsyncGenerator<Uint8Array> {
  const { size } = blob.descriptor;
  let position = opened.start;
  for await (const chunk of opened.response.body({ allocate })) {
    const first = position;
    position += chunk.byteLength;
    if (position > size)
      throw new OmlmdError('size-mismatch', `${blob.request.doing}: expected ${size} bytes, got more`);
    const wanted = chunk.subarray(Math.max(0, at - first), Math.max(0, to - first));
    if (wanted.byteLength > 0) yield wanted;
    // The end of the body is waited for, so that a byte too many is seen and the connection can be used again.
    if (position > to) return;
  }
}
