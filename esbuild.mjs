// Builds everything that is shipped: the command line, the extension, the webviews.
//   node esbuild.mjs            once, minified
//   node esbuild.mjs --watch    again on every change, with source maps
//   node esbuild.mjs --tests    the in-host test suite into out/vscode-tests, besides
//   node esbuild.mjs --partial  leaves out, with a line, what has no source yet
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chmod, readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import esbuild from 'esbuild';

const flags = new Set(process.argv.slice(2));
const watch = flags.has('--watch');

/** The floor of the command line (package.json `engines.node`) and of VS Code 1.101's extension host. */
const NODE_TARGET = 'node22.15';

/** The workbench's Chromium (VS Code 1.101 carries 134). */
const WEBVIEW_TARGET = 'chrome134';

/** CommonJS packages that are bundled into a module call `require` for Node's own modules. */
const REQUIRE =
  "import{createRequire as __omlmdRequire}from'node:module';const require=__omlmdRequire(import.meta.url);";

/**
 * Newest syntax in the command line's file: older than its floor, so that a Node that is too old can still parse it and
 * comes as far as {@link NODE_CHECK}.
 */
const CLI_SYNTAX = 'node18';

/** Stands before everything else: a Node that is too old prints one clear line and leaves. */
const NODE_CHECK = `#!/usr/bin/env node
var __node=process.versions.node.split('.').map(Number);
if(__node[0]<22||(__node[0]===22&&__node[1]<15)){console.error('omlmd needs Node.js 22.15 or newer; this is '+process.versions.node+'.');process.exit(1)}
`;

/**
 * Node's own modules by `require` in place of `import`: imports are linked before the first statement runs, so a name
 * that an old Node lacks would fail with a syntax error before {@link NODE_CHECK} could say anything.
 */
const lateBuiltins = {
  name: 'late-builtins',
  setup(build) {
    build.onResolve({ filter: /^node:/ }, ({ path: name, kind }) =>
      kind === 'require-call' ? { path: name, external: true } : { path: name, namespace: 'late-builtin' },
    );
    build.onLoad({ filter: /.*/, namespace: 'late-builtin' }, ({ path: name }) => ({
      contents: `module.exports = require(${JSON.stringify(name)})`,
    }));
  },
};

const common = {
  bundle: true,
  logLevel: watch ? 'info' : 'warning',
  minify: !watch,
  sourcemap: watch ? 'inline' : false,
  legalComments: 'none',
  charset: 'utf8',
};

const node = {
  ...common,
  platform: 'node',
  target: NODE_TARGET,
  format: 'esm',
  mainFields: ['module', 'main'],
};

/** What the command line runs; ASCII, since a text of one byte a character is half the work. */
const program = {
  ...node,
  target: CLI_SYNTAX,
  format: 'cjs',
  charset: 'ascii',
  entryPoints: ['src/cli/run.ts'],
  write: false,
};

/** The program as a text that is only compiled where `src/cli/cached-program.ts` has not kept what came of that. */
const programAsText = {
  name: 'program-as-text',
  setup(build) {
    build.onResolve({ filter: /^\.\/run\.ts$/ }, ({ path: name }) => ({ path: name, namespace: 'program' }));
    build.onLoad({ filter: /.*/, namespace: 'program' }, async () => {
      const [file] = (await esbuild.build(program)).outputFiles;
      const text = `(function(require,module,exports){"use strict";${file.text}})`;
      const id = createHash('sha256').update(text).digest('hex').slice(0, 16);
      return {
        contents: `import { loadProgram } from './src/cli/cached-program.ts';
          export const { run } = loadProgram(${JSON.stringify({ text, id })});`,
        resolveDir: import.meta.dirname,
      };
    });
  },
};

const cli = {
  ...node,
  target: CLI_SYNTAX,
  supported: { 'top-level-await': true },
  plugins: [lateBuiltins, ...(watch ? [] : [programAsText])],
  entryPoints: ['src/cli/main.ts'],
  outfile: 'dist/cli.mjs',
  banner: { js: NODE_CHECK + REQUIRE },
};

const extension = {
  ...node,
  entryPoints: { extension: 'src/extension/activate.ts' },
  outdir: 'dist',
  splitting: true,
  chunkNames: 'chunks/[name]-[hash]',
  external: ['vscode'],
  banner: { js: REQUIRE },
};

const webviews = {
  ...common,
  entryPoints: await entries('src/webview', (folder) => `${folder}/main.ts`),
  outdir: 'dist/webview',
  platform: 'browser',
  target: WEBVIEW_TARGET,
  format: 'iife',
};

const hostTests = {
  ...common,
  minify: false,
  sourcemap: 'inline',
  platform: 'node',
  target: NODE_TARGET,
  format: 'cjs',
  outExtension: { '.js': '.cjs' },
  entryPoints: ['test/vscode/host/index.ts', ...(await hostTestFiles())],
  outdir: 'out/vscode-tests',
  // mocha loads its own files at run time: it is found in node_modules above out/.
  external: ['vscode', 'mocha'],
};

const builds = [cli, extension, webviews, ...(flags.has('--tests') ? [hostTests] : [])].filter(hasEntries);
if (watch) {
  for (const options of builds) await (await esbuild.context(options)).watch();
} else {
  const results = await Promise.all(builds.map((options) => esbuild.build({ ...options, metafile: true })));
  await removeStale(results.flatMap((result) => Object.keys(result.metafile.outputs)));
}
await chmod(cli.outfile, 0o755).catch(() => undefined);

/** Chunks carry a hash in their name: those of earlier builds would end up in the package. */
async function removeStale(outputs) {
  const written = new Set(outputs.map((output) => path.resolve(output)));
  for (const entry of await readdir('dist', { recursive: true, withFileTypes: true })) {
    const file = path.resolve(entry.parentPath, entry.name);
    if (entry.isFile() && !written.has(file)) await rm(file);
  }
}

/** One entry a folder below `root`: `{ <folder>: <file> }`. */
async function entries(root, fileOf) {
  const folders = await readdir(root, { withFileTypes: true }).catch(() => []);
  return Object.fromEntries(
    folders.filter((f) => f.isDirectory()).map((f) => [f.name, fileOf(path.join(root, f.name))]),
  );
}

async function hostTestFiles() {
  const names = await readdir('test/vscode/host');
  return names.filter((name) => name.endsWith('.test.ts')).map((name) => `test/vscode/host/${name}`);
}

function hasEntries({ entryPoints }) {
  const sources = Object.values(entryPoints);
  if (!flags.has('--partial')) return sources.length > 0;
  const missing = sources.filter((source) => !existsSync(source));
  for (const source of missing) console.log(`left out: ${source} is not there`);
  return sources.length > missing.length;
}
