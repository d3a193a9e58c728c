import { JsonNumber, type JsonValue } from '../oci/json.ts';
import { formatPythonFloat } from './python-number.ts';

/**
 * What a plain YAML scalar stands for. PyYAML reads YAML 1.1 in its own way, and upstream's files mean what PyYAML
 * takes them for; other tools read YAML 1.2's core schema. Both live here so that they can be compared.
 */

const NULL = /^(?:~|null|Null|NULL|)$/;
const TRUE_11 = /^(?:yes|Yes|YES|true|True|TRUE|on|On|ON)$/;
const FALSE_11 = /^(?:no|No|NO|false|False|FALSE|off|Off|OFF)$/;
const INTEGER_11 =
  /^[-+]?(?:0b[01_]+|0[0-7_]+|0|[1-9][0-9_]*|0x[0-9a-fA-F_]+|[1-9][0-9_]*(?::[0-5]?[0-9])+)$/;
const FLOAT_11 =
  /^(?:[-+]?[0-9][0-9_]*\.[0-9_]*(?:[eE][-+][0-9]+)?|\.[0-9][0-9_]*(?:[eE][-+][0-9]+)?|[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+\.[0-9_]*)$/;
const NOT_FINITE_11 = /^(?:[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$/;
const TIMESTAMP_11 =
  /^[0-9]{4}-(?:[0-9]{2}-[0-9]{2}|[0-9]{1,2}-[0-9]{1,2}(?:[Tt]|[ \t]+)[0-9]{1,2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]*)?(?:[ \t]*(?:Z|[-+][0-9]{1,2}(?::[0-9]{2})?))?)$/;
/** The merge key and the default value, which PyYAML gives types of their own. */
const SPECIAL_11 = /^(?:<<|=)$/;

/** Longest text that can be a number: Python's own limit on integer digits; stops quadratic time on a megabyte of digits. */
const MAX_NUMBER_LENGTH = 4300;

export type ScalarKind = 'null' | 'bool' | 'int' | 'float' | 'not-finite' | 'timestamp' | 'special' | 'text';

/** The type that PyYAML gives a plain scalar. */
export function pyYamlKind(plain: string): ScalarKind {
  if (NULL.test(plain)) return 'null';
  if (TRUE_11.test(plain) || FALSE_11.test(plain)) return 'bool';
  if (plain.length > MAX_NUMBER_LENGTH) return 'text';
  if (FLOAT_11.test(plain)) return 'float';
  if (INTEGER_11.test(plain)) return 'int';
  if (NOT_FINITE_11.test(plain)) return 'not-finite';
  if (TIMESTAMP_11.test(plain)) return 'timestamp';
  return SPECIAL_11.test(plain) ? 'special' : 'text';
}

/**
 * The value PyYAML gives a plain scalar, except that dates (and what has no JSON form) stay text. Undefined for
 * infinities and NaN, which JSON cannot hold.
 */
export function resolvePlainScalar(plain: string): JsonValue | undefined {
  switch (pyYamlKind(plain)) {
    case 'null':
      return null;
    case 'bool':
      return TRUE_11.test(plain);
    case 'int':
      return integer(plain) ?? plain;
    case 'float': {
      const value = float(plain);
      return Number.isFinite(value) ? new JsonNumber(formatPythonFloat(value)) : undefined;
    }
    case 'not-finite':
      return undefined;
    default:
      return plain;
  }
}

/** Undefined for `0b_` and `0x_`, which match PyYAML's pattern and then have no digit. */
function integer(plain: string): JsonNumber | undefined {
  const digits = plain.replace(/_/g, '');
  const negative = digits.startsWith('-');
  const unsigned = digits.replace(/^[-+]/, '');
  if (/^0[bx]$/.test(unsigned)) return undefined;
  const magnitude = unsigned.includes(':')
    ? unsigned.split(':').reduce((total, part) => total * 60n + BigInt(part), 0n)
    : BigInt(/^0[0-7]/.test(unsigned) ? `0o${unsigned.slice(1)}` : unsigned);
  return new JsonNumber(String(negative ? -magnitude : magnitude));
}

function float(plain: string): number {
  const digits = plain.replace(/_/g, '');
  const sign = digits.startsWith('-') ? -1 : 1;
  const parts = digits.replace(/^[-+]/, '').split(':').map(Number);
  // From the last part up, as PyYAML adds: sums of doubles depend on the order.
  return sign * parts.reduceRight((sum, part, index) => sum + part * 60 ** (parts.length - 1 - index), 0);
}

const INTEGER_12 = /^(?:[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+)$/;
const FLOAT_12 = /^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$/;
const BOOL_12 = /^(?:true|True|TRUE|false|False|FALSE)$/;

/** The value that YAML 1.2's core schema (§10.3.2) gives a plain scalar, as comparable text. */
function coreSchemaMeaning(plain: string): string {
  if (NULL.test(plain)) return 'null';
  if (BOOL_12.test(plain)) return plain.toLowerCase();
  if (plain.length > MAX_NUMBER_LENGTH) return `text ${plain}`;
  if (INTEGER_12.test(plain)) {
    const digits = plain.replace(/^[-+]/, '');
    return `number ${plain.startsWith('-') ? -BigInt(digits) : BigInt(digits)}`;
  }
  if (FLOAT_12.test(plain)) return `number ${Number(plain)}`;
  if (NOT_FINITE_11.test(plain)) return 'not finite';
  return `text ${plain}`;
}

function pyYamlMeaning(plain: string): string {
  const value = resolvePlainScalar(plain);
  if (value === undefined) return 'not finite';
  if (value instanceof JsonNumber) return `number ${value.isInteger ? BigInt(value.text) : value.toNumber()}`;
  return typeof value === 'string' ? `text ${value}` : String(value);
}

/** What the two readings of a plain scalar are, for people, where they differ; undefined where they agree. */
export function ambiguityOf(
  plain: string,
): { readonly here: string; readonly elsewhere: string } | undefined {
  const here = pyYamlMeaning(plain);
  const elsewhere = coreSchemaMeaning(plain);
  if (here === elsewhere) return undefined;
  return { here: describe(here), elsewhere: describe(elsewhere) };
}

function describe(meaning: string): string {
  if (meaning.startsWith('text ')) return 'text';
  return meaning.startsWith('number ') ? `the number ${meaning.slice('number '.length)}` : meaning;
}
