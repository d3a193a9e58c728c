import { modelViewerSuite } from './model-viewer-steps.ts';

export const suite = modelViewerSuite('model viewer contrast', 'Default High Contrast');
