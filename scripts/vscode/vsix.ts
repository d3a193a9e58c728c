import { readFileSync } from 'node:fs';
import path from 'node:path';
import { runOk } from '../../test/support/processes.ts';
import { ROOT } from '../dev-cache.ts';

/** Builds and packages the extension; the path of the `.vsix`. */
export async function packageExtension(): Promise<string> {
  await runOk('npm', ['run', '--silent', 'package'], { cwd: ROOT });
  const { name, version }: { name: string; version: string } = JSON.parse(
    readFileSync(path.join(ROOT, 'package.json'), 'utf8'),
  );
  return path.join(ROOT, `${name}-${version}.vsix`);
}
