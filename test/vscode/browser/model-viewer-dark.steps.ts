import { modelViewerSuite } from './model-viewer-steps.ts';

export const suite = modelViewerSuite('model viewer dark', 'Default Dark Modern');
