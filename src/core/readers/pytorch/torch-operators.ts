/** Namespaces of operators that come with torch and its own libraries. */
const OWN_NAMESPACES = new Set(
  (
    'aten prim prims quantized _quantized quantized_decomposed torchvision torchaudio onednn mkldnn sparse inductor ' +
    'c10d _c10d_functional xnnpack prepacked higher_order export profiler rngprims'
  ).split(' '),
);

export function isOwnNamespace(name: string): boolean {
  return OWN_NAMESPACES.has(name);
}
