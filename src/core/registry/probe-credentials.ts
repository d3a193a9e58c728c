import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { readCredentialFile } from './credential-file.ts';

/** Permissions by which others than the owner can read a file. */
const READABLE_BY_OTHERS = 0o044;

/** A file of logins as it is: how many logins it has, and which helpers it names. Never a secret. */
export interface CredentialFileFacts {
  readonly path: string;
  /** Registries with an entry in it. */
  readonly registries: number;
  /** Suffixes of `docker-credential-…`; foreign text. */
  readonly helpers: readonly string[];
  /** Has secrets, and is readable for others on this machine. */
  readonly exposed: boolean;
}

/** Looks into a file of logins; undefined when it is not there, `file-unreadable` when it makes no sense. */
export async function probeCredentialFile(path: string): Promise<CredentialFileFacts | undefined> {
  const { document } = await readCredentialFile(path);
  const found = await stat(path).catch(() => undefined);
  if (found === undefined) return undefined;
  const auths = membersOf(document.auths);
  const helpers = [document.credsStore, ...membersOf(document.credHelpers).map(([, suffix]) => suffix)];
  const secrets = auths.some(([, entry]) => membersOf(entry).length > 0);
  return {
    path,
    registries: auths.length,
    helpers: [...new Set(helpers.filter((suffix) => typeof suffix === 'string'))].filter((s) => s !== ''),
    exposed: secrets && process.platform !== 'win32' && (found.mode & READABLE_BY_OTHERS) !== 0,
  };
}

function membersOf(value: unknown): readonly (readonly [string, unknown])[] {
  return value !== null && typeof value === 'object' && !Array.isArray(value) ? Object.entries(value) : [];
}

/** Whether the program of a helper is on the `PATH`. It is not started. */
export async function hasHelper(suffix: string, env: NodeJS.ProcessEnv): Promise<boolean> {
  const endings = process.platform === 'win32' ? ['.exe', '.cmd', '.bat'] : [''];
  for (const folder of (env.PATH ?? '').split(delimiter).filter((part) => part !== '')) {
    for (const ending of endings) {
      const program = join(folder, `docker-credential-${suffix}${ending}`);
      const found = await access(program, constants.X_OK).then(
        () => true,
        () => false,
      );
      if (found) return true;
    }
  }
  return false;
}
