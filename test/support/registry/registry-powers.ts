import { failed, type RegistryHandler } from './registry-handler.ts';

/** What some registries have and others do not. */
export interface RegistryPowers {
  /** Whether there is a referrers API; without it, clients keep `sha256-…` tags. Default true. */
  readonly referrersApi?: boolean | undefined;
  /** Whether a DELETE by tag removes the tag; else 405. Default true. */
  readonly untag?: boolean | undefined;
  /** Bytes; sent as `OCI-Chunk-Min-Length` when an upload begins. */
  readonly minimumChunk?: number | undefined;
}

/** Takes powers away from a registry that has all. */
export function withPowers(powers: RegistryPowers, next: RegistryHandler): RegistryHandler {
  const { referrersApi = true, untag = true, minimumChunk } = powers;
  const listed = byNumber(next);
  return async (call) => {
    const { pathname } = call.url;
    if (!referrersApi && pathname.includes('/referrers/')) return failed(404, 'NOT_FOUND', 'page not found');
    const byTag = /\/manifests\/(?!sha(?:256|512):)/.test(pathname);
    if (!untag && byTag && call.method === 'DELETE') return failed(405, 'UNSUPPORTED');
    const reply = await listed(call);
    const { 'oci-subject': subject, ...others } = reply.headers ?? {};
    const begins = minimumChunk !== undefined && call.method === 'POST' && reply.status === 202;
    const headers = {
      ...others,
      ...(referrersApi && subject !== undefined ? { 'oci-subject': subject } : {}),
      ...(begins ? { 'oci-chunk-min-length': String(minimumChunk) } : {}),
    };
    return { ...reply, headers };
  };
}

/** Takes `from=N` as some registries continue a list: by the number of pages that were read. */
function byNumber(next: RegistryHandler): RegistryHandler {
  return async (call) => {
    let reply = await next(call);
    for (let pages = Number(call.url.searchParams.get('from') ?? 0); pages > 0; pages -= 1) {
      const target = /^<(.*)>; rel="next"$/.exec(reply.headers?.link ?? '')?.[1];
      if (target === undefined) return reply;
      reply = await next({ ...call, url: new URL(target, call.url) });
    }
    return reply;
  };
}
