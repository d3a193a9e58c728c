/** What a value that a {@link ValueStream} stands at is. */
export type ValueKind = 'object' | 'array' | 'text' | 'number' | 'other';

/**
 * A document of objects, arrays and scalars taken apart in place, in whatever notation. Nothing is built: the reader
 * takes what it wants of each value, and passes over arrays of millions of numbers.
 */
export interface ValueStream {
  kind(): Promise<ValueKind>;
  /** Calls `member` before each value of an object; it must take the value. */
  object(member: (key: string) => Promise<void>): Promise<void>;
  /** {@link object} from within: the members that are left, to the end of the object. */
  members(member: (key: string) => Promise<void>): Promise<void>;
  /** Calls `item` before each value of an array; it must take the value. */
  array(item: () => Promise<void>): Promise<void>;
  /** A text or number; undefined for anything else, which is passed over, and for text that is too long. */
  scalar(): Promise<string | number | undefined>;
  skip(): Promise<void>;
}

/** {@link ValueStream.object} where it is one; anything else is passed over. */
export async function objectOrSkip(
  values: ValueStream,
  member: (key: string) => Promise<void>,
): Promise<void> {
  if ((await values.kind()) === 'object') await values.object(member);
  else await values.skip();
}

/** {@link ValueStream.array} where it is one; anything else is passed over. */
export async function arrayOrSkip(values: ValueStream, item: () => Promise<void>): Promise<void> {
  if ((await values.kind()) === 'array') await values.array(item);
  else await values.skip();
}

/** A text; undefined for anything else. */
export async function textOrSkip(values: ValueStream): Promise<string | undefined> {
  const value = await values.scalar();
  return typeof value === 'string' ? value : undefined;
}

/** How many values an array has, and the first of them that are text or numbers. */
export async function listOrSkip(
  values: ValueStream,
  most: number,
): Promise<{ count: number; first: (string | number)[] }> {
  const list = { count: 0, first: [] as (string | number)[] };
  await arrayOrSkip(values, async () => {
    list.count += 1;
    if (list.count > most) return await values.skip();
    const value = await values.scalar();
    if (value !== undefined) list.first.push(value);
  });
  return list;
}
