import { OmlmdError, quote } from '../errors.ts';
import type { JsonValue } from '../oci/json.ts';
import { isMetadataField } from './metadata.ts';
import { readYaml } from './yaml-document.ts';
import { resolvePlainScalar } from './yaml-resolution.ts';

/** One value a person set: a field (`['name']`) or a custom property (`['customProperties', 'a', 'b']`). */
export interface SetValue {
  readonly path: readonly [string, ...string[]];
  readonly value: JsonValue;
}

function usage(text: string, what: string): OmlmdError {
  return new OmlmdError('usage', `set ${quote(text)}: ${what}`);
}

/**
 * Parses `KEY=VALUE`. The name of a field sets the field, any other key a custom property, and dots nest. The value is
 * a plain scalar as in a metadata file; quotes around it make it text.
 */
export function parseSetValue(text: string): SetValue {
  const equals = text.indexOf('=');
  if (equals < 0) throw usage(text, 'expected KEY=VALUE');
  const parts = text.slice(0, equals).split('.');
  if (parts.includes('')) throw usage(text, 'the key is empty, or a part of it is');
  const [first = '', ...rest] = parts;
  if (first === 'customProperties' && rest.length === 0) {
    throw usage(text, 'customProperties is not one value; set its members');
  }
  const value = parseValue(text, text.slice(equals + 1));
  if (first === 'customProperties' || (isMetadataField(first) && rest.length === 0)) {
    return { path: [first, ...rest], value };
  }
  return { path: ['customProperties', first, ...rest], value };
}

function parseValue(whole: string, text: string): JsonValue {
  if (text.length > 1 && /^["']/.test(text) && text.endsWith(text.charAt(0))) {
    const { value, issues } = readYaml(text);
    return issues.length === 0 && typeof value === 'string' ? value : text;
  }
  const value = resolvePlainScalar(text);
  if (value === undefined) throw usage(whole, 'a number that JSON cannot hold');
  return value;
}
