import { type Details, isRecord } from './detail-values.ts';

/** One input or output of one signature. Foreign text. */
export interface SignatureRow {
  readonly signature: string;
  readonly isInput: boolean;
  readonly name: string;
  readonly dtype: string;
  readonly shape: unknown;
}

/** The signatures of a SavedModel or the like: by name or as a list, their values by name or as a list. */
export function signatureRows(signatures: unknown): readonly SignatureRow[] {
  return named(signatures).flatMap(([signature, { inputs, outputs }]) => [
    ...named(inputs).map((value) => row(signature, true, value)),
    ...named(outputs).map((value) => row(signature, false, value)),
  ]);
}

function row(signature: string, isInput: boolean, [name, value]: readonly [string, Details]): SignatureRow {
  return { signature, isInput, name, dtype: String(value.dtype ?? ''), shape: value.shape };
}

function named(value: unknown): readonly (readonly [string, Details])[] {
  if (Array.isArray(value)) {
    return value.flatMap((item, index) =>
      // Only a name: its type stands among the inputs of the model.
      typeof item === 'string'
        ? [[item, {}] as const]
        : isRecord(item)
          ? [[String(item.name ?? item.key ?? index), item] as const]
          : [],
    );
  }
  if (!isRecord(value)) return [];
  return Object.entries(value).flatMap(([name, item]) => (isRecord(item) ? [[name, item] as const] : []));
}
