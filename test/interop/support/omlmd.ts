import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { ROOT } from '../../../scripts/dev-cache.ts';
import { type Finished, type RunOptions, run, runOk } from '../../support/processes.ts';

const CLI = path.join(ROOT, 'dist', 'cli.mjs');

/** The product's command line in a world of its own: data folder, credentials, working folder. */
export class Omlmd {
  /** Everything below is in here. */
  readonly folder: string;
  /** Where the commands run. */
  readonly work: string;
  /** `OMLMD_HOME`. */
  readonly home: string;
  /** `DOCKER_CONFIG`. */
  readonly dockerConfig: string;

  constructor() {
    if (!existsSync(CLI)) throw new Error('dist/cli.mjs is not there: npm run build');
    this.folder = mkdtempSync(path.join(tmpdir(), 'omlmd-interop-'));
    this.work = this.#make('work');
    this.home = this.#make('home');
    this.dockerConfig = this.#make('docker');
    this.#putOnPath();
  }

  /** Runs `omlmd` to its end, whatever the status. */
  run(args: readonly string[], options: RunOptions = {}): Promise<Finished> {
    return run(process.execPath, [CLI, ...args], { cwd: this.work, env: this.env(), ...options });
  }

  /** What `omlmd … --format json` prints. */
  async json(args: readonly string[], options: RunOptions = {}): Promise<Record<string, unknown>> {
    return JSON.parse(await this.text([...args, '--format', 'json'], options));
  }

  /** What a command that must succeed prints. */
  async text(args: readonly string[], options: RunOptions = {}): Promise<string> {
    const all = [CLI, ...args];
    return (await runOk(process.execPath, all, { cwd: this.work, env: this.env(), ...options })).stdout;
  }

  /** An environment in which the product is `omlmd` on PATH and no credentials of the developer exist. */
  env(): NodeJS.ProcessEnv {
    const leaks = /^(OMLMD_|DOCKER_CONFIG$|REGISTRY_AUTH_FILE$|XDG_)/;
    const kept = Object.entries(process.env).filter(([name]) => !leaks.test(name));
    return {
      ...Object.fromEntries(kept),
      HOME: this.folder,
      OMLMD_HOME: this.home,
      DOCKER_CONFIG: this.dockerConfig,
      PATH: `${path.join(this.folder, 'bin')}${path.delimiter}${process.env.PATH}`,
      CI: 'true',
    };
  }

  /** Writes a file into the working folder; its path. */
  write(name: string, content: string | Uint8Array): string {
    const file = path.join(this.work, name);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, content);
    return file;
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  #make(name: string): string {
    const folder = path.join(this.folder, name);
    mkdirSync(folder);
    return folder;
  }

  #putOnPath(): void {
    const program = path.join(this.#make('bin'), 'omlmd');
    writeFileSync(program, `#!/bin/sh\nexec ${process.execPath} ${CLI} "$@"\n`);
    chmodSync(program, 0o755);
  }
}
