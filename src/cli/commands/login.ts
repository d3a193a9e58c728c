import { type Credential, login, loginStore, OmlmdError } from '../../core/index.ts';
import { ask, askSecret } from '../prompt.ts';
import { credentialSources } from '../remote-options.ts';
import { canPrompt } from '../terminal.ts';
import type { Session, Verb } from '../verb.ts';

async function readCredential(session: Session, host: string): Promise<Credential> {
  const { credential, options, terminal, signal } = session;
  if (credential !== undefined) return credential;
  if (!canPrompt(terminal))
    throw new OmlmdError('usage', 'login: pass -u NAME --password-stdin, as nobody can be asked here');
  const username = options.text('username') ?? (await ask(terminal, `User name for ${host}: `, signal));
  return {
    kind: 'basic',
    username,
    password: await askSecret(terminal, `Password for ${username}: `, signal),
  };
}

export const loginVerb: Verb = {
  name: 'login',
  summary: 'check a login against a registry and store it',
  remote: true,
  configure(command) {
    command.argument('<host>', 'HOST[:PORT]');
  },
  async run(session, [host]) {
    const { host: core, options, terminal, signal } = session;
    const registry = String(host);
    const store = loginStore(credentialSources(options, terminal));
    const credential = await readCredential(session, registry);
    await login(core, registry, credential, store, { signal });
    return { data: { registry }, text: `Logged in to ${registry}` };
  },
};
