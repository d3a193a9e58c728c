import { InvalidArgumentError, Option } from 'commander';
import { OmlmdError, quote } from '../core/index.ts';

/** Gathers a repeatable option's values in the order typed. */
export function collect(value: string, previous: readonly string[] | undefined): readonly string[] {
  return [...(previous ?? []), value];
}

/** An integer within bounds, both included. */
export function integer(min: number, max: number): (value: string) => number {
  return (value) => {
    const number = /^[0-9]{1,15}$/.test(value) ? Number(value) : Number.NaN;
    if (number >= min && number <= max) return number;
    throw new InvalidArgumentError(`expected a whole number from ${min} to ${max}`);
  };
}

/** `KEY=VALUE` taken apart at the first `=`. */
export function keyValue(text: string, option: string): readonly [string, string] {
  const equals = text.indexOf('=');
  if (equals > 0) return [text.slice(0, equals), text.slice(equals + 1)];
  throw new OmlmdError('usage', `${option} ${quote(text)}: expected KEY=VALUE`);
}

/** A repeatable text option. */
export function repeatable(flags: string, description: string): Option {
  return new Option(flags, description).argParser(collect);
}
