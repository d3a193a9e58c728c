/** A login. `identityToken` is an OAuth 2 refresh token, as docker stores it under the user name `<token>`. */
export type Credential =
  | { readonly kind: 'basic'; readonly username: string; readonly password: string }
  | { readonly kind: 'identity-token'; readonly token: string };

/** Where logins come from, in the host's order of precedence. Hosts are compared exactly, with port. */
export interface CredentialStore {
  get(
    registry: string,
    options?: { readonly signal?: AbortSignal | undefined },
  ): Promise<Credential | undefined>;
}

/** A place that logins can be written to. */
export interface WritableCredentialStore extends CredentialStore {
  put(registry: string, credential: Credential): Promise<void>;
  /** False when there was none. */
  delete(registry: string): Promise<boolean>;
}
