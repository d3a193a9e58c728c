import { escapeControls } from '../errors.ts';

/** The variables that name proxies; written in capitals or not, as curl takes them. */
const NAMES = ['HTTPS_PROXY', 'HTTP_PROXY', 'NO_PROXY'];

/** Whether Node's own agents take proxies from the environment. */
export function canUseProxies(nodeVersion: string): boolean {
  const [major = 0, minor = 0] = nodeVersion.split('.').map(Number);
  return major > 24 || (major === 24 && minor >= 5) || (major === 22 && minor >= 21);
}

/** Those that are set, as `NAME=VALUE` to be shown: a login in a proxy's URL is left out. */
export function proxyVariables(env: Readonly<Record<string, string | undefined>>): readonly string[] {
  return NAMES.flatMap((name) => {
    const value = env[name.toLowerCase()] || env[name];
    return value ? [`${name}=${escapeControls(value.replace(/[^/@]*@/, '…@'))}`] : [];
  });
}
