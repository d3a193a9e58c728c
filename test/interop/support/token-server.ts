import { createPrivateKey, randomUUID, sign, X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import path from 'node:path';
import { runOk } from '../../support/processes.ts';
import { testCertificate } from '../../support/registry/test-registry.ts';

const SERVICE = 'interop registry';
const ISSUER = 'interop tokens';
/** Seconds that a token lasts. */
const LIFETIME_S = 300;
/** Seconds for which distribution takes a token that is over. */
const LEEWAY_S = 60;

export interface TokenServer {
  /** Where tokens are, over TLS with the tests' certificate. */
  readonly realm: string;
  readonly service: string;
  readonly issuer: string;
  /** Its TLS certificate and key, PEM texts. */
  readonly tls: { readonly cert: string; readonly key: string };
  /** The certificate whose key signs them (PEM file). */
  readonly certificate: string;
  /** The scopes of each token that was asked for, in order. */
  readonly asked: readonly (readonly string[])[];
  /** As many of the next tokens are over a second after they were given out, whatever they are said to last. */
  giveShort(tokens: number): void;
  stop(): Promise<void>;
}

interface Login {
  readonly username: string;
  readonly password: string;
}

/** Gives whoever has the login a JSON web token for any scope (distribution's token specification). */
export async function startTokenServer(folder: string, login: Login): Promise<TokenServer> {
  const signer = await makeSigner(folder);
  const asked: (readonly string[])[] = [];
  let short = 0;
  const expected = `Basic ${Buffer.from(`${login.username}:${login.password}`).toString('base64')}`;
  const server = createServer(testCertificate(), ({ url = '', headers }, response) => {
    if (headers.authorization !== expected) {
      response.writeHead(401).end('{"errors":[{"code":"UNAUTHORIZED"}]}');
      return;
    }
    const scopes = new URL(url, 'https://localhost').searchParams
      .getAll('scope')
      .flatMap((s) => s.split(' '));
    asked.push(scopes);
    const token = signer.token(login.username, scopes, short > 0 ? 1 - LEEWAY_S : LIFETIME_S);
    short -= 1;
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ token, expires_in: LIFETIME_S }));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('not listening');
  return {
    realm: `https://127.0.0.1:${address.port}/token`,
    service: SERVICE,
    issuer: ISSUER,
    tls: testCertificate(),
    certificate: signer.certificate,
    asked,
    giveShort: (tokens) => {
      short = tokens;
    },
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** A key and its certificate, made for this run. */
async function makeSigner(folder: string) {
  const [key, certificate] = [path.join(folder, 'token-key.pem'), path.join(folder, 'token.pem')];
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  const files = ['-keyout', key, '-out', certificate, '-days', '2', '-subj', '/CN=tokens of a test'];
  await runOk('openssl', ['req', '-x509', ...curve, ...files]);
  const x5c = [new X509Certificate(readFileSync(certificate)).raw.toString('base64')];
  const privateKey = createPrivateKey(readFileSync(key));
  return {
    certificate,
    token(subject: string, scopes: readonly string[], lifetime: number): string {
      const now = Math.floor(Date.now() / 1000);
      const claims = {
        iss: ISSUER,
        aud: SERVICE,
        sub: subject,
        jti: randomUUID(),
        iat: now,
        nbf: now - LEEWAY_S,
        exp: now + lifetime,
        access: scopes.map(accessOf),
      };
      const text = `${encode({ typ: 'JWT', alg: 'ES256', x5c })}.${encode(claims)}`;
      const signature = sign('sha256', Buffer.from(text), { key: privateKey, dsaEncoding: 'ieee-p1363' });
      return `${text}.${signature.toString('base64url')}`;
    },
  };
}

function encode(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

/** `repository:team/iris:pull,push` */
function accessOf(scope: string) {
  const [type = '', ...rest] = scope.split(':');
  const actions = rest.pop()?.split(',') ?? [];
  return { type, name: rest.join(':'), actions };
}
