import type { MadeTensor } from './safetensors-file.ts';

/** The tensors of a language model of some billion weights, named as its kind names them. */
export function madeLlama(blocks: number): readonly MadeTensor[] {
  const hidden = 4096;
  const inner = 14_336;
  const wide = (name: string, shape: readonly number[]) => ({ name, dtype: 'BF16', shape });
  const norm = (name: string) => ({ name, dtype: 'F32', shape: [hidden] });
  const block = (at: number) => {
    const within = `model.layers.${at}`;
    return [
      norm(`${within}.input_layernorm.weight`),
      wide(`${within}.self_attn.q_proj.weight`, [hidden, hidden]),
      wide(`${within}.self_attn.k_proj.weight`, [1024, hidden]),
      wide(`${within}.self_attn.v_proj.weight`, [1024, hidden]),
      wide(`${within}.self_attn.o_proj.weight`, [hidden, hidden]),
      norm(`${within}.post_attention_layernorm.weight`),
      wide(`${within}.mlp.gate_proj.weight`, [inner, hidden]),
      wide(`${within}.mlp.up_proj.weight`, [inner, hidden]),
      wide(`${within}.mlp.down_proj.weight`, [hidden, inner]),
    ];
  };
  return [
    wide('model.embed_tokens.weight', [128_256, hidden]),
    ...Array.from({ length: blocks }, (_, at) => block(at)).flat(),
    norm('model.norm.weight'),
    wide('lm_head.weight', [128_256, hidden]),
  ];
}
