import { loginStore, logout } from '../../core/index.ts';
import { credentialSources } from '../remote-options.ts';
import type { Verb } from '../verb.ts';

export const logoutVerb: Verb = {
  name: 'logout',
  summary: 'forget the login of a registry',
  configure(command) {
    command
      .argument('<host>', 'HOST[:PORT]')
      .option('--registry-config <file>', 'docker-style file with logins');
  },
  async run({ options, terminal }, [host]) {
    const registry = String(host);
    await logout(registry, loginStore(credentialSources(options, terminal)));
    return { data: { registry }, text: `Logged out of ${registry}` };
  },
};
