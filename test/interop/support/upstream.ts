import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { runOk } from '../../support/processes.ts';
import { pythonEnvironment } from './python-environment.ts';

/** Every release of upstream's Python package. */
export const UPSTREAM_VERSIONS = ['0.1.0', '0.1.1', '0.1.2', '0.1.3', '0.1.4', '0.1.5', '0.1.6'] as const;

export type UpstreamVersion = (typeof UPSTREAM_VERSIONS)[number];

const DRIVER = path.join(import.meta.dirname, 'upstream_driver.py');

/** One release of upstream's `omlmd`, in a Python environment of its own. */
export class Upstream {
  readonly #bin: string;

  private constructor(bin: string) {
    this.#bin = bin;
  }

  static async install(version: UpstreamVersion): Promise<Upstream> {
    return new Upstream(await pythonEnvironment(`omlmd-${version}`, [`omlmd==${version}`]));
  }

  /** The folder of its `omlmd` program, to put on PATH. */
  get bin(): string {
    return this.#bin;
  }

  /** `fields` is JSON text of what upstream's `push` takes: its own fields, and custom properties beside them. */
  async push(target: string, file: string, fields: string): Promise<void> {
    // The older releases title a file by the path they were given.
    const place = JSON.stringify({ verb: 'push', target, path: path.basename(file) });
    await this.#ask(`${place.slice(0, -1)}, "fields": ${fields}}`, path.dirname(file));
  }

  async pull(target: string, outdir: string, mediaTypes: readonly string[]): Promise<void> {
    await this.#ask(JSON.stringify({ verb: 'pull', target, outdir, media_types: mediaTypes }));
  }

  async getConfig(target: string): Promise<unknown> {
    return this.#ask(JSON.stringify({ verb: 'get_config', target }));
  }

  async crawl(targets: readonly string[]): Promise<unknown> {
    return this.#ask(JSON.stringify({ verb: 'crawl', targets }));
  }

  async #ask(request: string, cwd?: string): Promise<unknown> {
    const scratch = mkdtempSync(path.join(tmpdir(), 'omlmd-upstream-'));
    try {
      const options = { cwd: cwd ?? scratch, input: request };
      const done = await runOk(path.join(this.#bin, 'python'), [DRIVER], options);
      return JSON.parse(done.stdout.trimEnd().split('\n').at(-1) ?? '');
    } finally {
      rmSync(scratch, { recursive: true, force: true });
    }
  }
}
