import * as vscode from 'vscode';
import {
  type ArtifactReport,
  type Context,
  escapeControls,
  formatBytes,
  inspectArtifact,
  isModelFileName,
  parseLocation,
  shortDigest,
} from '../../core/index.ts';
import { metadataRows } from '../metadata-rows.ts';
import type { FileNode, GroupNode, Node, ReferrerNode, TagNode, ValueNode } from './nodes.ts';

/** What is under a tag: its files, its metadata, and what refers to it. One manifest and one config are read. */
export async function artifactChildren(context: Context, tag: TagNode): Promise<readonly Node[]> {
  const report = await inspectArtifact(context, parseLocation(tag.reference), { models: false });
  const groups = [filesGroup(tag, report), metadataGroup(tag, report), referrersGroup(tag, report)];
  return groups.filter((group) => group.children.length > 0);
}

/** What a tag names, for its tooltip. */
export async function artifactTooltip(context: Context, tag: TagNode): Promise<string> {
  const report = await inspectArtifact(context, parseLocation(tag.reference), { models: false });
  const { model_format_name: format, name } = report.metadata;
  return [
    tag.reference,
    report.digest,
    vscode.l10n.t('{0}, {1} files', formatBytes(report.size), report.files.length),
    ...(typeof name === 'string' ? [escapeControls(name)] : []),
    ...(typeof format === 'string' ? [escapeControls(format)] : []),
  ].join('\n');
}

function filesGroup(tag: TagNode, report: ArtifactReport): GroupNode {
  const children = report.files.map((file, index): FileNode => {
    const { digest, mediaType, size } = file;
    return {
      kind: 'file',
      id: `${tag.id}#file${index}`,
      parent: tag,
      reference: tag.reference,
      label: escapeControls(file.title ?? shortDigest(digest)),
      size: formatBytes(size),
      mediaType: escapeControls(mediaType),
      digest,
      isModel: isModelFileName(file.title ?? ''),
    };
  });
  return group(tag, 'files', children);
}

function metadataGroup(tag: TagNode, report: ArtifactReport): GroupNode {
  const children = metadataRows(report.metadata).map(
    ({ path, label, value }): ValueNode => ({
      kind: 'value',
      id: `${tag.id}#value.${path}`,
      parent: tag,
      label,
      value,
    }),
  );
  return group(tag, 'metadata', children);
}

function referrersGroup(tag: TagNode, report: ArtifactReport): GroupNode {
  const children = report.referrers.map(
    ({ digest, artifactType, size }): ReferrerNode => ({
      kind: 'referrer',
      id: `${tag.id}#referrer.${digest}`,
      parent: tag,
      reference: `${tag.parent.place}@${digest}`,
      label: escapeControls(artifactType ?? shortDigest(digest)),
      digest,
      size: formatBytes(size),
    }),
  );
  return group(tag, 'referrers', children);
}

/** Children name the group as their parent, so that each can be revealed. */
function group(tag: TagNode, name: GroupNode['group'], children: readonly Node[]): GroupNode {
  const own: Node[] = [];
  const node: GroupNode = { kind: 'group', id: `${tag.id}#${name}`, parent: tag, group: name, children: own };
  own.push(...children.map((child) => ({ ...child, parent: node }) as Node));
  return node;
}
