import { BlockList, isIP } from 'node:net';
import { OmlmdError, quote } from '../errors.ts';
import { redactUrl } from './response-error.ts';

/** Addresses that a registry on the internet has no business naming as its token service (RFC 6890). */
function privateAddresses(): BlockList {
  const list = new BlockList();
  const v4 = ['0.0.0.0/8', '10.0.0.0/8', '100.64.0.0/10', '127.0.0.0/8', '169.254.0.0/16', '172.16.0.0/12'];
  for (const subnet of [...v4, '192.168.0.0/16']) {
    const [net = '', bits] = subnet.split('/');
    list.addSubnet(net, Number(bits), 'ipv4');
  }
  list.addAddress('::', 'ipv6');
  list.addAddress('::1', 'ipv6');
  list.addSubnet('fc00::', 7, 'ipv6');
  list.addSubnet('fe80::', 10, 'ipv6');
  return list;
}

function namesPrivateAddress({ hostname }: URL): boolean {
  if (hostname === 'localhost' || hostname.endsWith('.localhost')) return true;
  const address = hostname.startsWith('[') ? hostname.slice(1, -1) : hostname;
  const family = isIP(address);
  return family !== 0 && privateAddresses().check(address, family === 6 ? 'ipv6' : 'ipv4');
}

/**
 * The token service that a registry names, if it may be asked at all (S16). On the registry's own origin it may;
 * elsewhere only over TLS, and a public registry may not send us to a private address (SSRF). The same holds for each
 * place that a token request is redirected to.
 */
export function checkRealm(realm: string, registry: URL): URL {
  const url = URL.parse(realm);
  const name = quote(url === null ? realm : redactUrl(url));
  const refuse = (what: string) =>
    new OmlmdError('denied', `sign in to ${registry.host}: its token service ${name} ${what}`);
  if (url === null || !/^https?:$/.test(url.protocol)) throw refuse('is not an http(s) URL');
  if (url.username !== '' || url.password !== '') throw refuse('has a login in its URL');
  if (url.origin === registry.origin) return url;
  if (url.protocol === 'http:') throw refuse('is another server over plain HTTP, which is refused');
  if (namesPrivateAddress(url) && !namesPrivateAddress(registry))
    throw refuse('is at a private address, which is refused');
  return url;
}
