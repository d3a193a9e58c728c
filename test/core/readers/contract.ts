import { expect } from 'vitest';
import type { ModelFacts } from '../../../src/core/readers/reader.ts';
import { codesOf, type Expected, propertiesOf } from './fixtures.ts';

/** Facts with `null` are ones that the library says are absent. */
function isAbsent([, value]: readonly [string, unknown]): boolean {
  return value === null;
}

/** Holds what a reader says of a good file against what the format's own library says (`X.expected.json`). */
export function holdFacts(facts: ModelFacts, expected: Expected): void {
  expect(facts.format).toEqual({ name: expected.format, version: expected.version });
  expect(facts.metadata).toMatchObject({
    model_format_name: expected.format,
    model_format_version: expected.version,
    uri: null,
    ...(expected.name === undefined ? {} : { name: expected.name }),
    ...(expected.author === undefined ? {} : { author: expected.author }),
    ...(expected.description === undefined ? {} : { description: expected.description }),
  });
  expect(Object.keys(facts.metadata)).toHaveLength(7);
  const properties = propertiesOf(facts);
  const stated = Object.entries(expected.properties);
  expect(properties).toMatchObject(Object.fromEntries(stated.filter((fact) => !isAbsent(fact))));
  for (const [key] of stated.filter(isAbsent)) expect(properties).not.toHaveProperty(key);
  expect(Object.keys(propertiesOf(facts).hyperparameters ?? {}).sort()).toEqual(
    Object.keys(expected.properties.hyperparameters ?? {}).sort(),
  );
  expect(codesOf(facts).filter((code) => /critical|high|unknown|mismatch|hidden/.test(code))).toEqual([]);
  expect(() => JSON.stringify(facts.details)).not.toThrow();
}
