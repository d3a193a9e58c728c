import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

/** A source file, without its comments, and what it imports. */
export interface SourceFile {
  /** Relative to the repository, with `/`. */
  readonly path: string;
  readonly code: string;
  /** As written: packages as they are, files resolved relative to the repository. */
  readonly imports: readonly string[];
}

/** `import … from 'x'`, `export … from 'x'`, `import 'x'`, `import('x')`, type imports too. */
const IMPORT = /(?:\bfrom\s*|\bimport\s*\(?\s*)(['"])([^'"\s]+)\1/g;

/** Block comments and whole-line comments: enough here, where a comment never follows code that it changes. */
const COMMENT = /\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm;

/** Every TypeScript file under a folder of the repository. */
export function readSources(root: string, folder: string): readonly SourceFile[] {
  return readdirSync(path.join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => path.posix.join(folder, name.replaceAll('\\', '/')))
    .sort()
    .map((file) => parseSource(file, readFileSync(path.join(root, file), 'utf8')));
}

export function parseSource(file: string, text: string): SourceFile {
  const code = text.replace(COMMENT, '');
  const imports = [...code.matchAll(IMPORT)].map((match) => resolve(file, match[2] ?? ''));
  return { path: file, code, imports: [...new Set(imports)] };
}

/** A circle of imports, from a file to itself; undefined when there is none. */
export function findCycle(files: readonly SourceFile[]): readonly string[] | undefined {
  const byPath = new Map(files.map((file) => [file.path, file]));
  const done = new Set<string>();
  const visit = (file: string, trail: readonly string[]): readonly string[] | undefined => {
    if (trail.includes(file)) return [...trail.slice(trail.indexOf(file)), file];
    if (done.has(file)) return undefined;
    for (const next of byPath.get(file)?.imports ?? []) {
      const cycle = visit(next, [...trail, file]);
      if (cycle !== undefined) return cycle;
    }
    done.add(file);
    return undefined;
  };
  for (const file of byPath.keys()) {
    const cycle = visit(file, []);
    if (cycle !== undefined) return cycle;
  }
  return undefined;
}

function resolve(from: string, specifier: string): string {
  return specifier.startsWith('.') ? path.posix.join(path.posix.dirname(from), specifier) : specifier;
}
