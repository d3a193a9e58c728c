import { describe, expect, it } from 'vitest';
import { checkRealm } from '../../../src/core/registry/realm.ts';

const PUBLIC = new URL('https://registry.example');

describe('checkRealm', () => {
  it('takes the registry’s own origin, and others over TLS', () => {
    expect(checkRealm('https://auth.example/token?x=1', PUBLIC).href).toBe('https://auth.example/token?x=1');
    const plain = new URL('http://registry.local:5000');
    expect(checkRealm('http://registry.local:5000/token', plain).host).toBe('registry.local:5000');
    expect(checkRealm('https://127.0.0.1:5001/token', new URL('http://127.0.0.1:5000')).port).toBe('5001');
  });

  it('refuses what could steal a login or reach inside', () => {
    for (const realm of [
      '',
      'token',
      'ftp://auth.example/token',
      'http://auth.example/token',
      'http://registry.example/token',
      'https://user:pass@registry.example/token',
      'https://127.0.0.1/token',
      'https://localhost/token',
      'https://169.254.169.254/latest/meta-data',
      'https://2130706433/token',
      'https://[::1]/token',
      'https://[::ffff:10.0.0.1]/token',
      'https://10.0.0.1/token',
      'https://metadata.localhost/',
    ])
      expect(() => checkRealm(realm, PUBLIC), realm).toThrow(/token service/);
  });
});
