import {
  answer,
  breakDownload,
  claimLength,
  corrupt,
  endEarly,
  type Fault,
  goOn,
  loseAnswer,
  neverAnswer,
  redirect,
  resetAtOnce,
  resetUpload,
  slowly,
  stallDownload,
  withHeaders,
} from '../../support/registry/registry-faults.ts';
import { type Bench, STALL_MS } from './fault-bench.ts';

/** What a job ends in: `ok` or the code of an error, by the kind of request that meets the fault. */
export type Ends = Readonly<Record<string, string>>;

/** One way to go wrong, and what has to come of it. Where the order of requests decides, `a or b`. */
export interface Row {
  readonly name: string;
  readonly fault: (bench: Bench) => Fault;
  /** Where a single failure does not end well; `ok` for all others. */
  readonly once?: Ends;
  /** Where every request of the kind fails. */
  readonly always: string;
  readonly except?: Ends;
}

/** What was begun is done without the answer: a further connection is only there to be faster. */
const OPTIONAL = [
  'look where the tag is',
  'look whether a repository is new',
  'mount a blob',
  'forget an upload',
  'get a part of a large blob',
];
/** Where that fails, an upload begins anew. */
const SPARE = [...OPTIONAL, 'ask how far an upload is'];
const LISTS = ['list tags', 'list repositories', 'list referrers'];
const BLOBS = ['get a small blob', 'get a large blob', 'get a part of a large blob'];
/** Manifests that are asked for by a tag, so that only a header tells their digest. */
const TAGGED = ['get a manifest', 'get a list of referrers'];
const TOKENS = ['sign in', 'sign in by a token'];
/** Registries may take minutes to answer these, so a stall is stopped by the person. */
const CLOSING = ['end an upload', 'send a small blob', 'send a blob in one stream'];

/** What is fetched once more may come over one connection, which has no parts. */
const atTimes = (code: string): Ends => ({ 'get a part of a large blob': `ok or ${code}` });

const STOPPED = 'stopped';

function all(kinds: readonly string[], code: string): Ends {
  return Object.fromEntries(kinds.map((kind) => [kind, code]));
}

/** Lists have no digest: one that is not what it should be is not asked for again, and an error. */
const NOT_A_LIST: Ends = {
  'list tags': 'registry-failed',
  'list repositories': 'registry-failed',
  'list referrers': 'manifest-invalid',
};
const NOT_AN_ANSWER: Ends = {
  ...NOT_A_LIST,
  ...all(TOKENS, 'registry-failed'),
  ...all(TAGGED, 'digest-mismatch'),
};
/** The answers whose end is waited for. */
const READ = [...TOKENS, ...TAGGED, ...LISTS];

function status(code: number, ends: string, headers?: () => Record<string, string>): Omit<Row, 'name'> {
  return {
    fault: () => (call, next) => answer(code, headers?.())(call, next),
    always: ends,
    except: all(SPARE, 'ok'),
  };
}

/** A fault at half of the answer's body. */
function half(fault: (bytes: number) => Fault): Fault {
  return async (call, next) => {
    const reply = await next(call);
    const { body = new Uint8Array() } = reply;
    const size = body instanceof Uint8Array ? body.byteLength : Number(reply.headers?.['content-length']);
    return fault(Math.ceil(size / 2))(call, async () => reply);
  };
}

/** A request that has no body does its work, and the answer is lost. */
const resetMidway: Fault = (call, next) => {
  const size = Number(call.headers['content-length'] ?? 0);
  return (size > 0 ? resetUpload(Math.floor(size / 2)) : loseAnswer())(call, next);
};

const MISNAMED = all(
  [...CLOSING, 'send a manifest', 'set a tag', 'send a list of referrers'],
  'digest-mismatch',
);

/** Every way to go wrong. */
export const FAULTS: readonly Row[] = [
  { name: 'a reset before', fault: resetAtOnce, always: 'unreachable', except: all(OPTIONAL, 'ok') },
  {
    name: 'a reset mid-way',
    fault: () => resetMidway,
    always: 'unreachable',
    // The blob is there, as a look shows.
    except: all([...OPTIONAL, 'end an upload'], 'ok'),
  },
  { name: '429, in seconds', ...status(429, 'rate-limited', () => ({ 'retry-after': '7' })) },
  {
    name: '429, at a date',
    ...status(429, 'rate-limited', () => ({ 'retry-after': new Date(Date.now() + 60_000).toUTCString() })),
  },
  { name: '500', ...status(500, 'registry-failed') },
  { name: '502', ...status(502, 'registry-failed') },
  { name: '503', ...status(503, 'registry-failed') },
  { name: '504', ...status(504, 'registry-failed') },
  {
    name: 'a body cut by FIN',
    fault: () => half((bytes) => breakDownload(bytes, 'close')),
    always: 'ok', // blobs go on by Range, and of other bodies nothing is needed
    except: all(READ, 'unreachable'),
  },
  {
    name: 'a body cut by RST',
    fault: () => half(breakDownload),
    always: 'ok',
    except: all(READ, 'unreachable'),
  },
  {
    name: 'a body cut by a clean end',
    fault: () => half(endEarly),
    once: NOT_A_LIST,
    always: 'ok',
    except: NOT_AN_ANSWER,
  },
  {
    name: 'a length that is too long',
    fault: () => claimLength(100),
    always: 'ok',
    except: {
      ...all(READ, 'timed-out'),
      ...all(BLOBS, 'size-mismatch'),
      'get a part of a large blob': 'ok', // its length is not what it is known by
    },
  },
  {
    name: 'a length that is too short',
    fault: () => claimLength(-20),
    once: NOT_A_LIST,
    always: 'ok',
    except: { ...NOT_AN_ANSWER, ...all(BLOBS, 'size-mismatch'), ...atTimes('size-mismatch') },
  },
  {
    name: 'a corrupt bit',
    fault: () => half((bytes) => corrupt(bytes - 1)),
    // The bit is in a name that nobody needs, and in the key of the list.
    once: { 'list repositories': 'registry-failed' },
    always: 'ok',
    except: {
      ...all(TOKENS, 'unauthorized'),
      'list repositories': 'registry-failed',
      ...all([...TAGGED, ...BLOBS], 'digest-mismatch'),
      ...atTimes('digest-mismatch'),
    },
  },
  {
    name: 'extra bytes',
    fault: () => goOn(10),
    once: NOT_A_LIST,
    always: 'ok',
    except: {
      ...NOT_AN_ANSWER,
      ...all(BLOBS, 'size-mismatch'),
      ...atTimes('size-mismatch'), // the last part ends where the blob does
    },
  },
  {
    name: 'an endless body',
    fault: () => goOn(),
    once: all([...TAGGED, ...LISTS], 'limit-exceeded'),
    always: 'ok',
    except: {
      ...all(READ, 'limit-exceeded'),
      ...all(BLOBS, 'size-mismatch'),
      'get a part of a large blob': 'ok', // what is beyond the part is another one's
    },
  },
  {
    name: 'a stall before',
    fault: neverAnswer,
    once: all(CLOSING, STOPPED),
    always: 'timed-out',
    except: { ...all(OPTIONAL, 'ok'), ...all(CLOSING, STOPPED) },
  },
  {
    name: 'a stall mid-way',
    fault: () => half(stallDownload),
    once: all(CLOSING, STOPPED),
    always: 'ok',
    except: {
      ...all([...READ, 'begin an upload', 'send a manifest', 'set a tag'], 'timed-out'),
      ...all(CLOSING, STOPPED),
    },
  },
  { name: 'a slow body', fault: () => slowly(STALL_MS / 5, 6), always: 'ok' },
  {
    name: 'a redirect to another origin',
    fault: ({ mirror }) => redirect(mirror.origin),
    always: 'ok',
    // A login goes to no other server without TLS, and a token that may be traded to none at all.
    except: { 'sign in': 'denied', 'sign in by a token': 'registry-failed' },
  },
  {
    name: 'a wrong digest header',
    fault: () => withHeaders({ 'docker-content-digest': `sha256:${'0'.repeat(64)}` }),
    once: { ...MISNAMED, 'send a small blob': 'ok' }, // it is sent once more (R12)
    always: 'ok',
    except: { ...MISNAMED, ...all(TAGGED, 'digest-mismatch') },
  },
  {
    name: 'a wrong content type',
    fault: () => withHeaders({ 'content-type': 'text/html' }),
    // A web page is no referrers API (distribution-spec §Listing Referrers): the tag is asked, which is not there.
    once: { ...all(TAGGED, 'manifest-invalid'), 'list referrers': 'the list is []' },
    always: 'ok',
    except: { ...all(TAGGED, 'manifest-invalid'), 'list referrers': 'the list is []' },
  },
  {
    name: 'an expired token',
    fault:
      ({ registry }) =>
      (call, next) => {
        registry.auth?.expireTokens();
        return next(call);
      },
    once: all(['take a tag away', 'show a login'], 'unauthorized'), // its token cannot be newer
    always: 'unauthorized',
    except: {
      ...all([...TOKENS, 'say hello', 'look whether a repository is new', 'forget an upload'], 'ok'),
      'get a part of a large blob': 'ok',
      'look where the tag is': 'ok',
      'mount a blob': 'ok or unauthorized',
      'list repositories': 'denied',
    },
  },
  {
    name: 'a session that is gone',
    fault:
      ({ registry }) =>
      (call, next) => {
        registry.memory.dropSessions();
        return next(call);
      },
    always: 'ok',
    except: { 'begin an upload': 'ok or not-found', ...all(['send a chunk', ...CLOSING], 'not-found') },
  },
];
