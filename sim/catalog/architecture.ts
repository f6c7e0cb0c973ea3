/** What the formulas need of a model, read from its Hugging Face `config.json`. */
export interface Architecture {
  readonly modelType: string;
  /** A vision or audio encoder stands in front of the text model. */
  readonly isMultimodal: boolean;
  /** That encoder, where the config describes it. */
  readonly encoder: EncoderArchitecture | null;
  readonly numLayers: number;
  readonly hiddenSize: number;
  readonly numHeads: number;
  readonly numKvHeads: number;
  readonly headDim: number;
  readonly vocabSize: number;
  readonly tieWordEmbeddings: boolean;
  /** Width of a dense MLP; 0 if every layer is a mixture of experts. */
  readonly intermediateSize: number;
  /** Matrices of a dense MLP: 3 with a gate, 2 without (OPT). */
  readonly mlpMatrices: number;
  /** Longest context as vLLM derives it, tokens: scaled where the rope is. */
  readonly maxPositionEmbeddings: number;
  /** Values of the table of positions that every rank keeps: rope's cos and sin, or OPT's embedding. */
  readonly positionValues: number;
  readonly moe: MoeArchitecture | null;
  readonly mla: MlaArchitecture | null;
  readonly localAttention: LocalAttention | null;
  /** Heads of the layers that see everything, where they differ from the local ones (Gemma 4). */
  readonly globalAttention: GlobalAttention | null;
  /** As the checkpoint says: "bfloat16", …; empty = nothing. */
  readonly dtype: string;
  /** As its quantization_config says: "awq", "fp8", …; null = not quantized. */
  readonly quantMethod: string | null;
  /** Bits per quantized weight, if the checkpoint says it. */
  readonly quantBits: number | null;
  /** Attention and dense matrices stay as they are; only the experts are quantized. */
  readonly quantizesExpertsOnly: boolean;
  /** What Poolscope has no formulas for, in words; null = everything is known. */
  readonly unsupported: string | null;
}

export interface MoeArchitecture {
  readonly numExperts: number;
  readonly topK: number;
  /** Width of one expert. */
  readonly expertSize: number;
  /** Width of all experts that every token visits; 0 = none. */
  readonly sharedSize: number;
  readonly numSharedExperts: number;
  /** Layers with experts; the others are dense. */
  readonly layers: number;
  /** Whether a layer has experts, layer by layer. */
  readonly hasExperts: readonly boolean[];
}

/** A vision or audio tower with its projector, read from its own part of the config. */
export interface EncoderArchitecture {
  /** Of tower and projector. */
  readonly parameters: number;
  /** Those of the projector, which sees what the text model gets; the tower sees every patch. */
  readonly projectorParameters: number;
  /** Blocks of the tower. */
  readonly layers: number;
  readonly width: number;
  /** Of its MLP. */
  readonly innerSize: number;
  /** Positions of the tower per image, and what the text model gets of them, at the largest image. */
  readonly patchesPerItem: number;
  readonly tokensPerItem: number;
}

/** Multi-head latent attention (DeepSeek): one latent entry per token and layer. */
export interface MlaArchitecture {
  readonly qLoraRank: number;
  readonly kvLoraRank: number;
  readonly ropeDim: number;
  readonly nopeDim: number;
  readonly vDim: number;
  /** Width of the sparse attention's indexer (DeepSeek V3.2), which caches keys of its own; 0 = none. */
  readonly indexDim: number;
}

export interface GlobalAttention {
  readonly numKvHeads: number;
  readonly headDim: number;
  /** Keys serve as values too: one projection less. */
  readonly keysAreValues: boolean;
}

/** Layers that do not see the whole context. */
export interface LocalAttention {
  /** chunked_local: only the aligned chunk that a token is in (Llama 4). */
  readonly kind: 'sliding_window' | 'chunked_local';
  /** Tokens. */
  readonly window: number;
  /** Whether a layer is of this kind, layer by layer. */
  readonly isLocal: readonly boolean[];
}
