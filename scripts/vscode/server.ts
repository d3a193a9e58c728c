import { once } from 'node:events';
import { createWriteStream, readFileSync } from 'node:fs';
import path from 'node:path';
import { answers, freePort, runOk, spawnGroup, stopGroup, waitUntil } from '../../test/support/processes.ts';
import type { CodeServer } from './code-server.ts';
import type { Sandbox } from './sandbox.ts';

/** A running code-server. */
export interface Server {
  readonly origin: string;
  /** Host and port, as the `vscode-remote:` scheme names them. */
  readonly authority: string;
  readonly exited: Promise<unknown>;
  /** The last lines it printed. */
  logTail(): string;
  stop(): Promise<void>;
}

export interface ServerOptions {
  /** Added to the environment, which the extension host inherits. */
  readonly env?: Readonly<Record<string, string>>;
  readonly options?: readonly string[];
  readonly port?: number | undefined;
  /** False: folders are not trusted until a person says so. Default true: nobody is asked. */
  readonly trusted?: boolean | undefined;
}

const LOG_TAIL_CHARACTERS = 2_000;

/** A dead loopback address in place of the extension gallery, which the server asks even when idle. */
const NO_GALLERY = '{"serviceUrl":"http://127.0.0.1:9/gallery","itemUrl":"","resourceUrlTemplate":""}';

const QUIET_OPTIONS = [
  '--auth=none',
  '--disable-telemetry',
  '--disable-update-check',
  '--disable-getting-started-override',
  '--disable-proxy',
  '--ignore-last-opened',
];

/** Starts code-server on loopback and waits until it answers. */
export async function startServer(
  codeServer: CodeServer,
  sandbox: Sandbox,
  options: ServerOptions = {},
): Promise<Server> {
  const port = options.port ?? (await freePort());
  const logFile = path.join(sandbox.folder, 'server.log');
  const log = createWriteStream(logFile);
  const args = [...baseArguments(codeServer, sandbox), `--bind-addr=127.0.0.1:${port}`, ...QUIET_OPTIONS];
  if (options.trusted !== false) args.push('--disable-workspace-trust');
  const child = spawnGroup(codeServer.node, [...args, ...(options.options ?? [])], {
    env: environment(sandbox, options.env),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  child.stdout?.pipe(log, { end: false });
  child.stderr?.pipe(log, { end: false });
  const origin = `http://127.0.0.1:${port}`;
  const server = {
    origin,
    authority: `127.0.0.1:${port}`,
    exited: once(child, 'exit'),
    logTail: () => readFileSync(logFile, 'utf8').slice(-LOG_TAIL_CHARACTERS),
    async stop() {
      await stopGroup(child);
      log.end();
    },
  };
  try {
    await waitUntil('code-server', () => answers(`${origin}/healthz`), { child });
  } catch (error) {
    await server.stop();
    throw new Error(`code-server did not start\n${server.logTail()}`, { cause: error });
  }
  return server;
}

/** Installs a packaged extension as a person would. */
export async function installVsix(codeServer: CodeServer, sandbox: Sandbox, vsix: string): Promise<void> {
  const args = [...baseArguments(codeServer, sandbox), '--install-extension', vsix];
  await runOk(codeServer.node, args, { env: environment(sandbox) });
}

function baseArguments(codeServer: CodeServer, sandbox: Sandbox): string[] {
  const config = path.join(sandbox.folder, 'config.yaml');
  return [
    codeServer.entry,
    `--config=${config}`,
    `--user-data-dir=${sandbox.userData}`,
    `--extensions-dir=${sandbox.extensions}`,
  ];
}

/**
 * The developer's environment without what would leak in: `VSCODE_*` makes code-server act as a running VS Code's
 * command line, `PORT` and `PASSWORD` are options of it, and credentials would let a test pass by accident.
 */
function environment(sandbox: Sandbox, extra: Readonly<Record<string, string>> = {}): NodeJS.ProcessEnv {
  const leaks = /^(VSCODE_|OMLMD_|DOCKER_CONFIG$|REGISTRY_AUTH_FILE$|XDG_|PORT$|PASSWORD$)/;
  const kept = Object.entries(process.env).filter(([name]) => !leaks.test(name));
  return {
    ...Object.fromEntries(kept),
    EXTENSIONS_GALLERY: NO_GALLERY,
    HOME: sandbox.home,
    OMLMD_HOME: path.join(sandbox.home, 'omlmd'),
    ...extra,
  };
}
