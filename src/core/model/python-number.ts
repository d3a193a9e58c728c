import { OmlmdError, quote } from '../errors.ts';
import type { JsonNumber } from '../oci/json.ts';

/** Exponents from which Python's `repr` of a float leaves positional notation. */
const SMALLEST_POSITIONAL_EXPONENT = -4;
const FIRST_SCIENTIFIC_EXPONENT = 16;

/** A finite double as Python's `repr` writes it: shortest digits, always told apart from an integer. */
export function formatPythonFloat(value: number): string {
  if (Object.is(value, -0)) return '-0.0';
  const [mantissa = '0', exponentText = '0'] = value.toExponential().split('e');
  const exponent = Number(exponentText);
  if (exponent < SMALLEST_POSITIONAL_EXPONENT || exponent >= FIRST_SCIENTIFIC_EXPONENT) {
    const digits = String(Math.abs(exponent)).padStart(2, '0');
    return `${mantissa}e${exponent < 0 ? '-' : '+'}${digits}`;
  }
  const sign = mantissa.startsWith('-') ? '-' : '';
  const digits = mantissa.replace(/[-.]/g, '');
  if (exponent < 0) return `${sign}0.${'0'.repeat(-exponent - 1)}${digits}`;
  const whole = digits.slice(0, exponent + 1).padEnd(exponent + 1, '0');
  return `${sign}${whole}.${digits.slice(exponent + 1) || '0'}`;
}

/**
 * A number as Python would write it after reading its text: a float where the text has a point or an exponent, else
 * an integer of any size. A float beyond the range of doubles would become `Infinity`, which is not JSON, so it is
 * `metadata-invalid`.
 */
export function formatPythonNumber(number: JsonNumber): string {
  if (number.isInteger) return number.text === '-0' ? '0' : number.text;
  const value = number.toNumber();
  if (Number.isFinite(value)) return formatPythonFloat(value);
  throw new OmlmdError('metadata-invalid', `number ${quote(number.text)}: larger than a double can be`);
}

/** The same in YAML, where PyYAML adds the point that its own reader asks of a float: `1e-07` is `1.0e-07`. */
export function formatPythonYamlNumber(number: JsonNumber): string {
  const text = formatPythonNumber(number);
  return number.isInteger || text.includes('.') ? text : text.replace('e', '.0e');
}
