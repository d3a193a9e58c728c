import { Composer, type Document, Lexer, type LineCounter, type ParsedNode, Parser } from 'yaml';
import { escapeControls, quote } from '../errors.ts';

/** Offsets into the text: first character, and the one after the last. */
export type Span = readonly [start: number, end: number];

/** Something that keeps a YAML text from being read as it may have been meant. */
export interface YamlIssue {
  readonly code: 'yaml-syntax' | 'yaml-tag' | 'yaml-limit' | 'number-not-finite' | 'key-not-scalar';
  readonly message: string;
  readonly span: Span;
}

/** Deepest nesting of a metadata file, the same as of JSON (S31). */
export const MAX_YAML_DEPTH = 64;

/** Words, signs and spaces of one file: each takes some hundred bytes of memory, a megabyte can hold a million. */
const MAX_YAML_LEXEMES = 300_000;

/** Entries of the parser's stack that are no collection: the document, and a scalar or key in the making. */
const OTHER_STACK_ENTRIES = 4;

/** YAML 1.2 §5.1: what may not stand in a text unescaped. */
const CONTROL = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]/;

/** Every scalar stays text with its style, no tag makes an object, repeated keys are the caller's matter. */
const OPTIONS = { schema: 'failsafe', resolveKnownTags: false, uniqueKeys: false } as const;

export type YamlTree = Document.Parsed<ParsedNode>;

/**
 * The node tree of a YAML text, with every scalar as text. Nesting is bounded while tokens arrive: composing is
 * recursive, and a megabyte of `[` would end in a stack overflow.
 */
export function composeYaml(
  text: string,
  lines: LineCounter,
): { readonly tree: YamlTree | undefined; readonly issues: readonly YamlIssue[] } {
  const control = CONTROL.exec(text);
  const tokens = parseTokens(text, lines);
  if (control !== null) {
    const message = `the control character ${quote(control[0])} is not allowed`;
    return {
      tree: undefined,
      issues: [{ code: 'yaml-syntax', message, span: [control.index, control.index + 1] }],
    };
  }
  if ('issue' in tokens) return { tree: undefined, issues: [tokens.issue] };
  const documents = [...new Composer(OPTIONS).compose(tokens)].filter(
    (item): item is YamlTree => 'contents' in item,
  );
  const [tree, second] = documents;
  const issues = documents
    .flatMap((document) => document.errors)
    .map(
      (error): YamlIssue => ({
        code: 'yaml-syntax',
        message: escapeControls(error.message),
        span: [error.pos[0], error.pos[1]],
      }),
    );
  if (second !== undefined) {
    issues.push({
      code: 'yaml-syntax',
      message: 'expected one document',
      span: [second.range[0], second.range[1]],
    });
  }
  // One mistake often gives several errors at one place; the first says it best.
  const places = new Set<number>();
  const first = issues.filter(({ span: [at] }) => !places.has(at) && places.add(at));
  return { tree, issues: first };
}

function parseTokens(text: string, lines: LineCounter) {
  const parser = new Parser(lines.addNewLine);
  const lexer = new Lexer();
  const tokens = [];
  let offset = 0;
  let count = 0;
  lines.addNewLine(0);
  for (const lexeme of lexer.lex(text)) {
    count += 1;
    if (count > MAX_YAML_LEXEMES) {
      const message = `more than ${MAX_YAML_LEXEMES} words and signs`;
      return { issue: { code: 'yaml-limit', message, span: [offset, offset + 1] } satisfies YamlIssue };
    }
    tokens.push(...parser.next(lexeme));
    offset += lexeme.length;
    if (parser.stack.length > MAX_YAML_DEPTH + 1 + OTHER_STACK_ENTRIES) {
      const message = `nested deeper than ${MAX_YAML_DEPTH} levels`;
      return { issue: { code: 'yaml-limit', message, span: [offset, offset + 1] } satisfies YamlIssue };
    }
  }
  tokens.push(...parser.end());
  return tokens;
}
