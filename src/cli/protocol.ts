import { type ErrorCode, formatPythonJson, fromPlain, type Progress } from '../core/index.ts';

/**
 * The JSON-lines protocol of `--progress jsonl` (docs/cli.md): every line one object with `"v":1` and `"event"`; the
 * last one is `result` or `error`. Every named key is there, null if unknown.
 */
export type ProtocolEvent =
  | { readonly event: 'start'; readonly verb: string }
  | { readonly event: 'log'; readonly level: 'debug' | 'info' | 'warn'; readonly message: string }
  | ({ readonly event: 'progress'; readonly rate: number | null } & Pick<
      Progress,
      'id' | 'name' | 'kind' | 'bytes' | 'total'
    >)
  | { readonly event: 'warning'; readonly code: string; readonly message: string }
  | { readonly event: 'result'; readonly data: unknown }
  | {
      readonly event: 'error';
      readonly code: ErrorCode;
      readonly message: string;
      readonly hint: string | null;
      readonly retryable: boolean;
    };

/** One line of the protocol, newline included. */
export function encodeEvent(event: ProtocolEvent): string {
  return `${formatPythonJson(fromPlain({ v: 1, ...event }))}\n`;
}
