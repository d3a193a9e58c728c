import { escapeControls, quote } from '../errors.ts';
import type { CallOptions } from '../oci/content.ts';
import { findOrigin, isLoopback } from '../registry/origin.ts';
import { probeTls, type TlsFacts } from '../registry/probe-tls.ts';
import type { TransportOptions } from '../registry/transport.ts';
import { failedCheck, failureCheck, type HealthCheck, okCheck, warningCheck } from './doctor-check.ts';

/** Days before its end in which a certificate is worth a warning: most are renewed by then. */
const EXPIRY_DAYS = 14;
const DAY_MS = 24 * 60 * 60 * 1000;

/** How a registry is talked to. */
export interface Encryption {
  readonly scheme: 'http' | 'https';
  readonly checks: readonly HealthCheck[];
}

/** Whether TLS is spoken, and what the certificate says. */
export async function checkEncryption(settings: TransportOptions, options: CallOptions): Promise<Encryption> {
  const { registry, plainHttp, insecure } = settings;
  try {
    const origin = await findOrigin(registry, plainHttp);
    if (origin.protocol === 'https:')
      return {
        scheme: 'https',
        checks: describeTls(await probeTls(origin, settings, options), insecure === true),
      };
    const check = isLoopback(registry)
      ? okCheck('tls', 'plain HTTP, which stays on this machine')
      : warningCheck(
          'tls',
          'plain HTTP: logins and models can be read and changed on the way',
          'Leave out --plain-http if the registry also speaks TLS.',
        );
    return { scheme: 'http', checks: [check] };
  } catch (error) {
    const hint = 'Check the port and the firewall; --plain-http is for a registry without TLS.';
    return { scheme: 'https', checks: [failedCheck('tls', error, hint)] };
  }
}

function describeTls(facts: TlsFacts, insecure: boolean): readonly HealthCheck[] {
  const chain = [facts.subject, ...facts.issuers].map((name) => quote(name)).join(' ← ');
  const what = `${facts.protocol ?? 'TLS'}, certificate ${chain}`;
  const checks = [describeTrust(facts.untrusted, what, insecure)];
  const days = Math.floor((facts.validTo.getTime() - Date.now()) / DAY_MS);
  const until = `the certificate is valid until ${facts.validTo.toISOString().slice(0, 10)}`;
  if (days < 0) checks.push(failureCheck('certificate', `${until}, which is over`, RENEW));
  else if (days < EXPIRY_DAYS) checks.push(warningCheck('certificate', `${until}, in ${days} days`, RENEW));
  else checks.push(okCheck('certificate', until));
  return checks;
}

const RENEW = 'Ask whoever runs the registry to renew it.';

function describeTrust(untrusted: string | undefined, what: string, insecure: boolean): HealthCheck {
  if (insecure)
    return warningCheck(
      'tls',
      `${what}; not checked, as --insecure says`,
      "Name the registry's certificate authority with --ca-file FILE instead.",
    );
  if (untrusted === undefined) return okCheck('tls', what);
  const why = `${what}; it is not trusted (${escapeControls(untrusted)})`;
  const hint = /ALTNAME|HOSTNAME/.test(untrusted)
    ? 'Use the name that the certificate is for.'
    : "Name the registry's certificate authority with --ca-file FILE, or the proxy's that opens TLS on the way.";
  return failureCheck('tls', why, hint);
}
