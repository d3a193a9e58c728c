import type * as vscode from 'vscode';
import type { Credential, WritableCredentialStore } from '../../core/index.ts';

/** Names of the hosts that have a login; the names are not secret and SecretStorage cannot list them. */
const HOSTS_KEY = 'omlmd.loginHosts';

/** Logins kept by VS Code in the system's key store; nothing of them is in a setting or a file (S19). */
export class SecretLogins implements WritableCredentialStore {
  readonly #secrets: vscode.SecretStorage;
  readonly #state: vscode.Memento;

  constructor(secrets: vscode.SecretStorage, state: vscode.Memento) {
    this.#secrets = secrets;
    this.#state = state;
  }

  /** Hosts with a login of ours, in the order in which they were added. */
  hosts(): readonly string[] {
    return this.#state.get<string[]>(HOSTS_KEY, []);
  }

  async get(registry: string): Promise<Credential | undefined> {
    const text = await this.#secrets.get(keyOf(registry));
    return text === undefined ? undefined : parseCredential(text);
  }

  async put(registry: string, credential: Credential): Promise<void> {
    await this.#secrets.store(keyOf(registry), JSON.stringify(credential));
    await this.#state.update(HOSTS_KEY, [...new Set([...this.hosts(), registry])]);
  }

  async delete(registry: string): Promise<boolean> {
    const there = this.hosts().includes(registry);
    await this.#secrets.delete(keyOf(registry));
    await this.#state.update(
      HOSTS_KEY,
      this.hosts().filter((host) => host !== registry),
    );
    return there;
  }
}

function keyOf(registry: string): string {
  return `omlmd.login:${registry}`;
}

/** What {@link SecretLogins.put} stored; anything else counts as no login. */
function parseCredential(text: string): Credential | undefined {
  const value: unknown = JSON.parse(text);
  if (typeof value !== 'object' || value === null || !('kind' in value)) return undefined;
  if (value.kind === 'basic' && 'username' in value && 'password' in value) {
    return { kind: 'basic', username: String(value.username), password: String(value.password) };
  }
  if (value.kind === 'identity-token' && 'token' in value) {
    return { kind: 'identity-token', token: String(value.token) };
  }
  return undefined;
}
