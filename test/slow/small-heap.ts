/**
 * V8 lets garbage grow while there is room, by hundreds of megabytes; what readers hold has to fit into these. A process
 * that needs more ends.
 */
export const SMALL_HEAP = ['--max-old-space-size=128', '--max-semi-space-size=4'];
