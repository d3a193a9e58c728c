import { MAX_PICKLE_MEMO, MAX_PICKLE_STACK } from '../limits.ts';
import { malformed, ParseStop } from '../parse/parse-stop.ts';
import type { PickleBudget } from './pickle-budget.ts';
import { BEYOND_LIMIT, isKind, type PickleValue } from './pickle-values.ts';

/** Texts of up to this many characters are kept also when there were too many: imports are made of them. */
const ALWAYS_KEPT_CHARACTERS = 128;
/** Memo entries that wait to be needed once the memo is full. */
const MAX_RECENT = 64;

/** The unpickler's stack, marks and memo, bounded. */
export class PickleStack {
  readonly #budget: PickleBudget;
  /** Where a fork finds what it has not memoised itself. */
  #origin: PickleStack | undefined;
  readonly #values: PickleValue[] = [];
  /** Heights of the stack at each MARK. */
  readonly #marks: number[] = [];
  readonly #memo = new Map<number, PickleValue>();
  /** The last entries that a full memo did not take. */
  readonly #recent = new Map<number, readonly [index: number, value: PickleValue]>();
  #memoized = 0;

  constructor(budget: PickleBudget) {
    this.#budget = budget;
  }

  /** The stack as it is, for a run that must not change it. */
  fork(): PickleStack {
    const copy = new PickleStack(this.#budget);
    for (const value of this.#values) copy.#values.push(value);
    for (const mark of this.#marks) copy.#marks.push(mark);
    copy.#origin = this;
    copy.#memoized = this.#memoized;
    return copy;
  }

  push(value: PickleValue): void {
    if (this.#values.length + this.#marks.length >= MAX_PICKLE_STACK) {
      throw new ParseStop('too-large-to-show', `more than ${MAX_PICKLE_STACK} values wait on the stack`);
    }
    this.#values.push(value);
  }

  /** Pushes what costs memory; beyond the bound the value is only remembered to have been. */
  pushObject(make: () => PickleValue): void {
    this.push(this.#budget.objects(1) ? make() : BEYOND_LIMIT);
  }

  pushText(text: string): void {
    const keep = this.#budget.text(text.length) || text.length <= ALWAYS_KEPT_CHARACTERS;
    this.push(keep ? text : BEYOND_LIMIT);
  }

  /** Whether no more objects fit; what they would hold is dropped. */
  get isFull(): boolean {
    return this.#budget.isFull;
  }

  /** Whether `count` more places in containers fit: filling one with the same value over and over costs memory too. */
  admit(count: number): boolean {
    return this.#budget.objects(count);
  }

  /** Whether that many bytes of an array or byte string may be kept. */
  admitBytes(count: number): boolean {
    return this.#budget.bytes(count);
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
    const value = this.#memo.get(index) ?? (this.#origin ?? this).#memo.get(index);
    if (value !== undefined) return value;
    if (this.#memo.size >= MAX_PICKLE_MEMO) return BEYOND_LIMIT;
    throw malformed(`the memo has no entry ${index}`);
  }
}
