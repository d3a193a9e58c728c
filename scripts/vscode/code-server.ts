import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { devCache } from '../dev-cache.ts';

/** code-server is VS Code's own workbench and extension host behind a web server; this release carries 1.139.1. */
const CODE_SERVER_VERSION = '4.139.1';
/** The Node that this code-server release is built for; not the one that runs the project's scripts. */
const NODE_VERSION = '24.21.0';

/** The files of an installed code-server. */
export interface CodeServer {
  readonly node: string;
  readonly entry: string;
}

interface Places extends CodeServer {
  readonly folder: string;
  readonly nodeRoot: string;
  readonly package: string;
}

/**
 * Installs the pinned code-server into the cache (about 0.8 GB, once, under a minute) and returns where it is.
 *
 * Install scripts stay off: they would compile eight native modules, and only one of those that come without a binary
 * is needed here: spdlog, which writes the log files that output channels show. What code-server's own script does
 * besides, two installs pinned by the shrinkwrap files it ships, is done here.
 */
export function installCodeServer(): CodeServer {
  const places = placesOf(devCache(`code-server-${CODE_SERVER_VERSION}`));
  const stamp = path.join(places.folder, 'installed');
  if (existsSync(stamp)) return places;
  console.log(`Installing code-server ${CODE_SERVER_VERSION} into ${places.folder} (once) …`);
  rmSync(places.folder, { recursive: true, force: true });
  installPackage(path.join(places.folder, 'node'), `node-linux-${process.arch}@${NODE_VERSION}`);
  installPackage(path.join(places.folder, 'server'), `code-server@${CODE_SERVER_VERSION}`);
  const workbench = path.join(places.package, 'lib', 'vscode');
  npm(workbench, ['install', '--ignore-scripts', '--omit=dev']);
  npm(path.join(workbench, 'extensions'), ['install', '--ignore-scripts', '--omit=dev']);
  npm(workbench, ['rebuild', '@vscode/spdlog'], {
    // Compiled for the Node that will load it, with that Node's headers: node-gyp must not download any.
    PATH: `${path.dirname(places.node)}${path.delimiter}${process.env.PATH}`,
    npm_config_nodedir: places.nodeRoot,
  });
  checkRuns(places);
  writeFileSync(stamp, `${CODE_SERVER_VERSION} ${NODE_VERSION}\n`);
  return places;
}

function placesOf(folder: string): Places {
  const nodeRoot = path.join(folder, 'node', 'node_modules', `node-linux-${process.arch}`);
  const codeServer = path.join(folder, 'server', 'node_modules', 'code-server');
  return {
    folder,
    nodeRoot,
    node: path.join(nodeRoot, 'bin', 'node'),
    package: codeServer,
    entry: path.join(codeServer, 'out', 'node', 'entry.js'),
  };
}

function installPackage(folder: string, spec: string): void {
  mkdirSync(folder, { recursive: true });
  // Without it npm would look for a project further up.
  writeFileSync(path.join(folder, 'package.json'), '{"private":true}\n');
  npm(folder, ['install', '--ignore-scripts', '--save-exact', spec]);
}

function npm(cwd: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): void {
  const quiet = ['--no-audit', '--no-fund', '--loglevel=error'];
  const done = spawnSync('npm', [...args, ...quiet], {
    cwd,
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { ...process.env, ...env },
  });
  if (done.status !== 0) throw new Error(`npm ${args.join(' ')} failed in ${cwd}`);
}

function checkRuns(places: Places): void {
  const env = { ...process.env, XDG_CONFIG_HOME: path.join(places.folder, 'xdg') };
  const done = spawnSync(places.node, [places.entry, '--version'], { encoding: 'utf8', env });
  if (done.status !== 0 || !done.stdout.includes(CODE_SERVER_VERSION)) {
    throw new Error(`code-server was installed but does not run:\n${done.stdout}${done.stderr}`);
  }
}
