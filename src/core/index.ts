/** The only door of the core: what the hosts (`cli`, `extension`) may use. */

export * from './data-folder.ts';
export * from './errors.ts';
export { type Log, silentLog } from './log.ts';
export type { ModelMetadata, Origin } from './model/metadata.ts';
export { emptyMetadata, METADATA_FIELDS } from './model/metadata.ts';
export { parseMetadataFile } from './model/metadata-file.ts';
export { formatPythonJson } from './model/python-json.ts';
export { formatPythonYaml } from './model/python-yaml.ts';
export { parseSetValue, type SetValue } from './model/set-value.ts';
export { setArtifactReference, writeSidecar } from './model/sidecar.ts';
export { type Problem, validateMetadataText } from './model/validate.ts';
export type { CallOptions, Content } from './oci/content.ts';
export { type Digest, isDigest, shortDigest } from './oci/digest.ts';
export { fromPlain, JsonNumber, type JsonObject, type JsonValue, parseJson, toPlain } from './oci/json.ts';
export type { OnProgress, Progress } from './oci/progress.ts';
export { isRegistryHost, isRepository, isTag, type Reference } from './oci/reference.ts';
export { type ArtifactFindings, findInArtifact, worstFirst } from './operations/artifact-findings.ts';
export * from './operations/attach.ts';
export * from './operations/collect-files.ts';
export { type Companion, findCompanions } from './operations/companions.ts';
export * from './operations/context.ts';
export * from './operations/copy-artifact.ts';
export * from './operations/crawl.ts';
export * from './operations/diff.ts';
export * from './operations/discover.ts';
export * from './operations/doctor.ts';
export type { HealthCheck } from './operations/doctor-check.ts';
export * from './operations/doctor-machine.ts';
export * from './operations/events.ts';
export * from './operations/init.ts';
export * from './operations/inspect.ts';
export * from './operations/inspect-model.ts';
export * from './operations/list.ts';
export type { FileFinding } from './operations/local-model.ts';
export * from './operations/location.ts';
export * from './operations/login.ts';
export * from './operations/metadata-target.ts';
export * from './operations/prepare-model.ts';
export * from './operations/proxy-variables.ts';
export * from './operations/pull.ts';
export * from './operations/push.ts';
export * from './operations/read-artifact.ts';
export * from './operations/save-file.ts';
export * from './operations/serve.ts';
export * from './operations/store-upkeep.ts';
export * from './operations/tag.ts';
export * from './operations/transfer-meter.ts';
export * from './operations/validate.ts';
export { isModelFileName, modelStem } from './readers/index.ts';
export type { Finding, ModelFacts, Severity } from './readers/reader.ts';
export {
  chainCredentials,
  defaultCredentials,
  loginStore,
} from './registry/credential-chain.ts';
export type { CredentialSources } from './registry/credential-places.ts';
export * from './registry/credentials.ts';
export type { ExistingFiles } from './store/output-folder.ts';
export { VERSION } from './version.ts';
