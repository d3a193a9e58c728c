import type { ErrorCode } from '../core/index.ts';

/** Exit statuses of the command line (docs/cli.md); scripts rely on them. */
export const ExitStatus = {
  done: 0,
  failed: 1,
  usage: 2,
  notFound: 3,
  denied: 4,
  network: 5,
  integrity: 6,
  policy: 7,
  conflict: 8,
  interrupted: 130,
} as const;

interface ErrorExit {
  readonly status: number;
  /** What to do next, when the code alone tells. */
  readonly hint: string | null;
}

/** Every error code's exit status and hint. Total: a new code does not compile without a line here. */
export const EXITS: Readonly<Record<ErrorCode, ErrorExit>> = {
  usage: { status: ExitStatus.usage, hint: 'See "omlmd help VERB".' },
  'reference-invalid': {
    status: ExitStatus.usage,
    hint: 'A reference is HOST/REPOSITORY[:TAG], local/NAME[:TAG] or oci-layout:FOLDER[:TAG].',
  },
  'digest-invalid': { status: ExitStatus.usage, hint: null },
  'title-refused': {
    status: ExitStatus.failed,
    hint: 'Nothing was written. Do not trust this artifact; --allow-hidden NAME lets a hidden name through.',
  },
  'metadata-invalid': {
    status: ExitStatus.failed,
    hint: 'Run "omlmd validate FILE" to see every problem with its line.',
  },
  'not-found': {
    status: ExitStatus.notFound,
    hint: 'Check the spelling; "omlmd ls REPOSITORY" lists tags, "omlmd ls HOST" repositories.',
  },
  'already-exists': {
    status: ExitStatus.conflict,
    hint: 'Choose another tag, or push without --tag-if-absent to move this one.',
  },
  conflict: {
    status: ExitStatus.conflict,
    hint: 'Use --overwrite to replace them, --keep to leave them, or another folder with -o.',
  },
  unauthorized: {
    status: ExitStatus.denied,
    hint: 'Run "omlmd login HOST", or pass -u NAME --password-stdin.',
  },
  denied: {
    status: ExitStatus.denied,
    hint: 'The login is known but may not do this; ask the owner of the repository, or log in as someone else.',
  },
  'rate-limited': {
    status: ExitStatus.network,
    hint: 'The registry limits how often it is asked; try again later, or log in for a higher limit.',
  },
  unreachable: {
    status: ExitStatus.network,
    hint: 'Check the host name and the network; --plain-http is needed for a registry without TLS.',
  },
  'timed-out': {
    status: ExitStatus.network,
    hint: 'Try again; --timeout SECONDS waits longer for a slow registry.',
  },
  'tls-untrusted': {
    status: ExitStatus.network,
    hint: "Name the registry's certificate authority with --ca-file FILE.",
  },
  'registry-failed': {
    status: ExitStatus.network,
    hint: 'The registry did not do what it was asked; try again, or see --debug for its answers.',
  },
  'digest-mismatch': {
    status: ExitStatus.integrity,
    hint: 'The content is not what its digest promises; nothing of it was kept.',
  },
  'size-mismatch': {
    status: ExitStatus.integrity,
    hint: 'The content is not as long as its descriptor promises; nothing of it was kept.',
  },
  'manifest-invalid': { status: ExitStatus.failed, hint: null },
  'limit-exceeded': { status: ExitStatus.failed, hint: null },
  unsupported: { status: ExitStatus.failed, hint: null },
  'file-unreadable': { status: ExitStatus.failed, hint: null },
  'file-changed': {
    status: ExitStatus.failed,
    hint: 'Wait until the file is written to its end, then try again.',
  },
  'unsafe-model': {
    status: ExitStatus.policy,
    hint: 'Nothing was sent. Look at it with "omlmd inspect FILE"; --allow-unsafe pushes it all the same.',
  },
  'verification-failed': { status: ExitStatus.policy, hint: null },
  'disk-full': { status: ExitStatus.failed, hint: 'Free some space and try again; nothing was left behind.' },
  'store-busy': {
    status: ExitStatus.failed,
    hint: 'Another process is writing to the store; try again when it is done.',
  },
  'helper-failed': {
    status: ExitStatus.failed,
    hint: 'See whether the credential helper named in the docker or podman configuration works by itself.',
  },
  canceled: { status: ExitStatus.interrupted, hint: null },
  internal: {
    status: ExitStatus.failed,
    hint: 'This is a mistake in omlmd; please report it with the output of --debug.',
  },
};
