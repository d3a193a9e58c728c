import { JsonNumber, type JsonObject, type JsonValue } from '../../oci/json.ts';

/** What a document may say or not: values of the type that was asked for, undefined for any other. */
export function asText(value: JsonValue | undefined): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

export function asObject(value: JsonValue | undefined): JsonObject | undefined {
  return value instanceof Map ? value : undefined;
}

export function asList(value: JsonValue | undefined): readonly JsonValue[] {
  return Array.isArray(value) ? value : [];
}

/** Texts of a list; one text alone is a list of it. */
export function asTexts(value: JsonValue | undefined): readonly string[] {
  const list = Array.isArray(value) ? value : [value ?? null];
  return list.flatMap((item) => asText(item) ?? []);
}

/** A whole number, exact. */
export function asWhole(value: JsonValue | undefined): JsonNumber | undefined {
  return value instanceof JsonNumber && value.isInteger ? value : undefined;
}

export function asNumber(value: JsonValue | undefined): JsonNumber | undefined {
  return value instanceof JsonNumber && Number.isFinite(value.toNumber()) ? value : undefined;
}

/** A lossless value as the plain JSON data that `details` holds; integers beyond 2^53 become text. */
export function plainDetail(value: JsonValue): unknown {
  if (value instanceof JsonNumber) {
    const number = value.toNumber();
    return value.isInteger && !Number.isSafeInteger(number) ? value.text : number;
  }
  if (Array.isArray(value)) return value.map(plainDetail);
  if (value instanceof Map)
    return Object.fromEntries([...value].map(([key, item]) => [key, plainDetail(item)]));
  return value;
}
