/** Typed access to what was parsed from the command line; a wrong type is a mistake of ours, not of the user's. */
export class OptionReader {
  readonly #values: Readonly<Record<string, unknown>>;

  constructor(values: Readonly<Record<string, unknown>>) {
    this.#values = values;
  }

  text(name: string): string | undefined {
    const value = this.#values[name];
    if (value === undefined || typeof value === 'string') return value;
    throw new TypeError(`option ${name} is not text`);
  }

  number(name: string): number | undefined {
    const value = this.#values[name];
    if (value === undefined || typeof value === 'number') return value;
    throw new TypeError(`option ${name} is not a number`);
  }

  flag(name: string): boolean {
    return this.#values[name] === true;
  }

  list(name: string): readonly string[] {
    const value = this.#values[name];
    if (value === undefined) return [];
    if (Array.isArray(value)) return value.map(String);
    throw new TypeError(`option ${name} is not a list`);
  }
}
