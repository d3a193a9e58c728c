import { MAX_PICKLE_MEMO, MAX_PICKLE_OBJECTS, MAX_PICKLE_STACK, MAX_PICKLE_TEXT } from '../limits.ts';
import { malformed, ParseStop } from '../parse/parse-stop.ts';
import { BEYOND_LIMIT, isKind, type PickleValue } from './pickle-values.ts';

/** Texts of up to this many characters are kept also when there were too many: imports are made of them. */
const ALWAYS_KEPT_CHARACTERS = 128;
/** Memo entries that wait to be needed once the memo is full. */
const MAX_RECENT = 64;

/** The unpickler's stack, marks and memo, bounded. */
export class PickleStack {
  readonly #values: PickleValue[] = [];
  /** Heights of the stack at each MARK. */
  readonly #marks: number[] = [];
  readonly #memo = new Map<number, PickleValue>();
  /** The last entries that a full memo did not take. */
  readonly #recent = new Map<number, readonly [index: number, value: PickleValue]>();
  #memoized = 0;
  #objects = 0;
  #characters = 0;

  push(value: PickleValue): void {
    if (this.#values.length + this.#marks.length >= MAX_PICKLE_STACK) {
      throw new ParseStop('too-large-to-show', `more than ${MAX_PICKLE_STACK} values wait on the stack`);
    }
    this.#values.push(value);
  }

  /** Pushes what costs memory; beyond the bound the value is only remembered to have been. */
  pushObject(make: () => PickleValue): void {
    this.#objects += 1;
    this.push(this.#objects > MAX_PICKLE_OBJECTS ? BEYOND_LIMIT : make());
  }

  pushText(text: string): void {
    this.#characters += text.length;
    const keep = this.#characters <= MAX_PICKLE_TEXT || text.length <= ALWAYS_KEPT_CHARACTERS;
    this.push(keep ? text : BEYOND_LIMIT);
  }

  /** Whether no more objects fit; what they would hold is dropped. */
  get isFull(): boolean {
    return this.#objects > MAX_PICKLE_OBJECTS;
  }

  /** Whether `count` more places in containers fit: filling one with the same value over and over costs memory too. */
  admit(count: number): boolean {
    this.#objects += count;
    return !this.isFull;
  }

  get height(): number {
    return this.#values.length;
  }

  top(): PickleValue {
    const value = this.#values.at(-1);
    if (value === undefined || this.#values.length <= this.#floor()) throw malformed('the stack is empty');
    return value;
  }

  pop(): PickleValue {
    const value = this.top();
    this.#values.pop();
    return value;
  }

  /** What stands below everything since the last MARK. */
  #floor(): number {
    return this.#marks.at(-1) ?? 0;
  }

  mark(): void {
    if (this.#values.length + this.#marks.length >= MAX_PICKLE_STACK) {
      throw new ParseStop('too-large-to-show', `more than ${MAX_PICKLE_STACK} values wait on the stack`);
    }
    this.#marks.push(this.#values.length);
  }

  /** Everything since the last MARK, and the mark itself. */
  popMark(): PickleValue[] {
    const height = this.#marks.pop();
    if (height === undefined) throw malformed('there is no mark on the stack');
    return this.#values.splice(height);
  }

  /** {@link popMark} for those who would drop what it gives; the number of values. */
  dropMark(): number {
    const height = this.#marks.pop();
    if (height === undefined) throw malformed('there is no mark on the stack');
    const count = this.#values.length - height;
    this.#values.length = height;
    return count;
  }

  /** POP: the value on top, or the mark when nothing stands above it. */
  discard(): void {
    if (this.#values.length > this.#floor()) this.#values.pop();
    else this.popMark();
  }

  remember(index: number): void {
    const value = this.top();
    const isNew = !this.#memo.has(index);
    if (isNew) this.#memoized += 1;
    if (!isNew || this.#memo.size < MAX_PICKLE_MEMO) this.#memo.set(index, value);
    else if (isKind(value, 'global') && this.#memo.size < 2 * MAX_PICKLE_MEMO) this.#memo.set(index, value);
    else {
      this.#recent.set(this.#memoized % MAX_RECENT, [index, value]);
    }
  }

  /** MEMOIZE: under the number of entries there are. */
  memoize(): void {
    this.remember(this.#memoized);
  }

  /** A text that turned out to name an import will be asked for again: it stays, also in a full memo. */
  keep(text: string): void {
    for (const [index, value] of this.#recent.values()) {
      if (value === text && this.#memo.size < 2 * MAX_PICKLE_MEMO) this.#memo.set(index, value);
    }
  }

  recall(index: number): PickleValue {
    const value = this.#memo.get(index);
    if (value !== undefined) return value;
    if (this.#memo.size >= MAX_PICKLE_MEMO) return BEYOND_LIMIT;
    throw malformed(`the memo has no entry ${index}`);
  }
}
