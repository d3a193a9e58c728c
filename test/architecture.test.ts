import { readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { findCycle, parseSource, readSources, type SourceFile } from './support/imports.ts';

const ROOT = path.dirname(import.meta.dirname);
const SOURCES = readSources(ROOT, 'src');
const CODE = [...SOURCES, ...readSources(ROOT, 'test'), ...readSources(ROOT, 'scripts')];
const ARROWS = readArrows(read('docs/architecture.md'));
const PACKAGE = JSON.parse(read('package.json'));

const FORBIDDEN_NAME = /(^|[/-])(utils?|managers?|service)(\.|\/|$)|(^|\/)helpers?(\.|\/|$)/;

describe('the arrows of docs/architecture.md', () => {
  it('hold for every import', () => {
    expect(SOURCES.flatMap((file) => wrongArrows(file, ARROWS))).toEqual([]);
  });

  it('name every folder of src, and no other', () => {
    expect([...new Set(SOURCES.map((file) => areaOf(file.path)))].sort()).toEqual(namedAreas());
  });

  it('are tested: a wrong import is found, whatever its form', () => {
    for (const line of [
      "import { a } from '../registry/a.ts';",
      "import type { a } from '../registry/a.ts';",
      "export * from '../registry/a.ts';",
      "const a = await import('../registry/a.ts');",
      "let a: import('../registry/a.ts').A;",
      "import '../registry/a.ts';",
      "import {\n  a,\n} from '../registry/a.ts';",
    ]) {
      const file = parseSource('src/core/readers/b.ts', line);
      expect(wrongArrows(file, ARROWS)).toEqual(['src/core/readers/b.ts → src/core/registry/a.ts']);
    }
  });
});

describe('the tree', () => {
  it('imports vscode under src/extension only', () => {
    const importers = CODE.filter((file) => file.imports.includes('vscode')).map((file) => file.path);
    expect(
      importers.filter((file) => !/^(src\/extension|test\/vscode|test\/extension)\//.test(file)),
    ).toEqual([]);
  });

  it('uses process.argv, process.exit and console under src/cli only', () => {
    const users = SOURCES.filter((file) => /\bprocess\.(argv|exit|exitCode)\b|\bconsole\./.test(file.code));
    expect(users.map((file) => file.path).filter((file) => !file.startsWith('src/cli/'))).toEqual([]);
  });

  it('has no circle of imports', () => {
    expect(findCycle(SOURCES)).toBeUndefined();
    const circle = ['b', 'c', 'a'].map((to, i) => parseSource(`src/${'abc'[i]}.ts`, `import './${to}.ts';`));
    expect(findCycle(circle)).toEqual(['src/a.ts', 'src/b.ts', 'src/c.ts', 'src/a.ts']);
  });

  it('imports declared dependencies only, and Node modules by their node: name', () => {
    const allowed = new Set(['vscode', ...Object.keys(PACKAGE.dependencies)]);
    const isAllowed = (name: string) => name.startsWith('node:') || allowed.has(packageOf(name));
    const foreign = SOURCES.flatMap((file) => file.imports.filter((name) => !/^(src|schemas)\//.test(name)));
    expect(foreign.filter((name) => !isAllowed(name))).toEqual([]);
    expect(foreign.filter((name) => builtinModules.includes(name))).toEqual([]);
  });

  it('has no default export outside configuration', () => {
    const pattern = /\bexport\s+default\b|\bas\s+default\b/;
    const offenders = CODE.filter(
      (file) => file.path !== 'test/architecture.test.ts' && pattern.test(file.code),
    );
    expect(offenders.map((file) => file.path)).toEqual([]);
  });

  it('names files after what they hold, not after what they are for', () => {
    expect(CODE.map((file) => file.path).filter((file) => FORBIDDEN_NAME.test(file))).toEqual([]);
    expect(FORBIDDEN_NAME.test('src/core/string-utils.ts')).toBe(true);
  });
});

describe('the commands', () => {
  it('are the same in package.json and in the code', () => {
    const declared = PACKAGE.contributes.commands.map((entry: { command: string }) => entry.command);
    expect([...declared].sort()).toEqual([...codeCommands()].sort());
  });
});

function read(file: string): string {
  return readFileSync(path.join(ROOT, file), 'utf8');
}

/** The keys of the command table. */
function codeCommands(): readonly string[] {
  const table = read('src/extension/commands/index.ts');
  return [...new Set([...table.matchAll(/^ {2}'(omlmd\.[a-zA-Z.]+)':/gm)].map((match) => match[1] ?? ''))];
}

/** `area → areas` lines of the fenced block `arrows`. */
function readArrows(markdown: string): ReadonlyMap<string, ReadonlySet<string>> {
  const block = /```arrows\n([\s\S]*?)```/.exec(markdown)?.[1] ?? '';
  const lines = block.trim().split('\n');
  return new Map(
    lines.map((line) => {
      const [area = '', targets = ''] = line.split('→');
      return [area.trim(), new Set(targets.trim().split(/\s+/).filter(Boolean))];
    }),
  );
}

/** Named areas that have files: a folder is created with its first file. */
function namedAreas(): readonly string[] {
  return [...ARROWS.keys()]
    .filter((area) => area !== 'webview' || SOURCES.some((f) => areaOf(f.path) === area))
    .sort();
}

/** `src/core/oci/digest.ts` → `core/oci`; `src/core/log.ts` → `core/log`; `src/cli/x/y.ts` → `cli`. */
function areaOf(file: string): string {
  const [, top = '', second = ''] = file.split('/');
  return top === 'core' ? `core/${second.replace(/\.ts$/, '')}` : top;
}

function wrongArrows(file: SourceFile, arrows: ReadonlyMap<string, ReadonlySet<string>>): readonly string[] {
  const from = areaOf(file.path);
  return file.imports
    .filter((target) => target.startsWith('src/'))
    .filter((target) => areaOf(target) !== from && !arrows.get(from)?.has(areaOf(target)))
    .map((target) => `${file.path} → ${target}`);
}

function packageOf(specifier: string): string {
  const parts = specifier.split('/');
  return specifier.startsWith('@') ? parts.slice(0, 2).join('/') : (parts[0] ?? '');
}
