import { OmlmdError, quote } from '../errors.ts';
import { isDigest } from '../oci/digest.ts';
import { isRepository } from '../oci/reference.ts';
import { isDockerHub } from './origin.ts';
import type { RegistryTransport } from './transport.ts';

/** Where a repository is, for the functions that work on it. */
export interface RepositoryAddress {
  readonly transport: RegistryTransport;
  readonly registry: string;
  /** As the person wrote it. */
  readonly name: string;
  /** As the registry knows it: `library/NAME` for the short names of Docker Hub. */
  readonly pathName: string;
  /** `/v2/NAME`. */
  readonly path: string;
  /** `HOST/NAME:TAG` or `HOST/NAME@DIGEST`, for messages. */
  readonly textOf: (reference: string) => string;
}

export function repositoryAddress(transport: RegistryTransport, name: string): RepositoryAddress {
  const { registry } = transport;
  if (!isRepository(name))
    throw new OmlmdError('reference-invalid', `repository ${quote(name)} of ${registry}: not a name`);
  const pathName = isDockerHub(registry) && !name.includes('/') ? `library/${name}` : name;
  return {
    transport,
    registry,
    name,
    pathName,
    path: `/v2/${pathName}`,
    textOf: (reference) => `${registry}/${name}${isDigest(reference) ? '@' : ':'}${reference}`,
  };
}
