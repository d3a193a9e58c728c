import { quote } from '../../errors.ts';
import { companionPath } from '../companion-path.ts';
import type { FactsBuilder } from '../facts.ts';
import { MAX_COMPANIONS, MAX_IMPORTS, MAX_NAME_BYTES } from '../limits.ts';
import { type ImportVerdict, isCodeByValue, judgeImport } from './pickle-imports.ts';

/** One global that loading would import. */
export interface PickleImport {
  readonly module: string;
  readonly name: string;
  readonly verdict: ImportVerdict;
}

/**
 * How often `getattr` or `setattr` was put on the stack, and how often it only took a plain attribute of a trusted
 * class, or set what dill sets.
 */
interface AttributeUse {
  pushed: number;
  plain: number;
}

/** Everything that loading a file would import or call, in the order it comes, over all the pickles in it. */
export class PickleTrace {
  readonly #imports = new Map<string, PickleImport & { readonly where: string }>();
  readonly #computed: { readonly message: string; readonly where: string; readonly certain: boolean }[] = [];
  readonly #attributeUses = new Map<string, AttributeUse>();
  readonly #files = new Map<string, string>();
  #persistentIds = 0;
  #unlisted = 0;
  #noted = 0;

  /** How often something was imported or called so far. */
  get noted(): number {
    return this.#noted;
  }

  /** A global by GLOBAL, STACK_GLOBAL, INST or through `getattr`. */
  imported(module: string, name: string, where: string): void {
    this.#noted += 1;
    const key = JSON.stringify([module, name]);
    if (this.#imports.has(key)) return;
    const verdict = judgeImport(module, name);
    if (this.#imports.size >= MAX_IMPORTS && verdict !== 'dangerous') this.#unlisted += 1;
    else if (this.#imports.size < 2 * MAX_IMPORTS) {
      const cut = (text: string) => text.slice(0, MAX_NAME_BYTES);
      this.#imports.set(key, { module: cut(module), name: cut(name), verdict, where });
    }
  }

  /** The extension registry of `copyreg`: which global it is depends on the program that loads. */
  extension(code: number, where: string): void {
    this.imported('copyreg.extension', String(code), where);
  }

  /** Something is imported or called that only exists once the file is loaded. */
  computed(message: string, where: string, certain: boolean): void {
    this.#noted += 1;
    if (this.#computed.length < MAX_IMPORTS) this.#computed.push({ message, where, certain });
  }

  /** A global comes onto the stack, by its name or out of the memo. */
  pushed(module: string, name: string): void {
    if (module !== 'builtins' || !/^[gs]etattr$/.test(name)) return;
    const use = this.#attributeUses.get(name) ?? { pushed: 0, plain: 0 };
    use.pushed += 1;
    this.#attributeUses.set(name, use);
  }

  /**
   * `getattr` of a plain attribute of an allowed class, as enumerations and bound methods are written; `setattr` as dill
   * names its classes.
   */
  plainUse(name: 'getattr' | 'setattr'): void {
    const use = this.#attributeUses.get(name);
    if (use !== undefined) use.plain += 1;
  }

  /** Loading opens a file beside this one. */
  besideFile(path: string, where: string): void {
    if (this.#files.size < MAX_COMPANIONS && !this.#files.has(path)) this.#files.set(path, where);
  }

  persistentId(): void {
    this.#persistentIds += 1;
  }

  get isEmpty(): boolean {
    return this.#imports.size === 0 && this.#computed.length === 0;
  }

  has(module: string, name: string): boolean {
    return this.#imports.has(JSON.stringify([module, name]));
  }

  /** Whether something was imported or called that can run any code. */
  get isDangerous(): boolean {
    return (
      [...this.#imports.values()].some(({ verdict }) => verdict === 'dangerous') ||
      this.#computed.some(({ certain }) => certain)
    );
  }

  report(facts: FactsBuilder): void {
    const imports = [...this.#imports.values()].map((entry) => this.#judged(entry));
    for (const { module, name, verdict, where } of imports) {
      const full = quote(`${module}.${name}`);
      if (verdict === 'dangerous') {
        facts.finding(
          'critical',
          'unsafe-import',
          `loading the file imports ${full}, which can run any code`,
          where,
        );
      } else if (verdict === 'unknown') {
        facts.finding(
          'medium',
          'unknown-import',
          `loading the file imports ${full}, which is on no list of known frameworks`,
          where,
        );
      } else if (isCodeByValue(module, name)) {
        facts.finding('high', 'code-in-model', `the file brings a function of its own (${full})`, where);
      }
    }
    for (const { message, where, certain } of this.#computed) {
      facts.finding(
        certain ? 'critical' : 'medium',
        certain ? 'unsafe-import' : 'unknown-import',
        message,
        where,
      );
    }
    if (this.#unlisted > 0) {
      facts.finding('medium', 'unknown-import', `${this.#unlisted} more imports are not listed`);
    }
    this.#reportFiles(facts);
    facts.details.imports = imports.map(({ module, name, verdict }) => ({ module, name, verdict }));
    if (this.#persistentIds > 0) facts.details.persistent_ids = this.#persistentIds;
  }

  #reportFiles(facts: FactsBuilder): void {
    for (const [path, where] of this.#files) {
      const companion = companionPath(path);
      if (companion !== undefined) facts.companion(companion);
      else {
        const message = `loading the file opens ${quote(path.slice(0, MAX_NAME_BYTES))}, which leaves its folder`;
        facts.finding('critical', 'external-path', message, where);
      }
    }
  }

  #judged(entry: PickleImport & { readonly where: string }): PickleImport & { readonly where: string } {
    const use = entry.module === 'builtins' ? this.#attributeUses.get(entry.name) : undefined;
    if (use === undefined || use.plain === 0 || use.plain < use.pushed) return entry;
    return { ...entry, verdict: 'allowed' };
  }
}
