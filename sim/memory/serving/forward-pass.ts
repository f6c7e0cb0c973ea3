import { stepTensors } from '../../moe/step-buffers.ts';
import { GIB } from '../../units.ts';
import type { Allocation, CachingAllocator } from '../caching-allocator/caching-allocator.ts';
import type { ForwardShape, LayerRun } from './forward-shape.ts';

/** How much of a step is inside of CUDA graphs, whose memory was taken when they were captured. */
export type GraphMode = 'whole' | 'all-but-attention' | 'none';

export interface ForwardStep {
  readonly graphs: GraphMode;
  readonly numTokens: number;
  readonly numDecodes: number;
  /** Token-expert pairs that this rank's experts compute, where its buffers follow them. */
  readonly numRows: number;
  /** Of the sampled rows, bytes each; empty on stages without a head. */
  readonly logits: readonly number[];
  readonly numSampled: number;
}

/** Places of segments and offsets in one number. */
const SEGMENT = 1024 * GIB;

/**
 * Allocates and frees on one rank what vLLM's model runner does in a step: tensor after tensor, in the order of its
 * forward pass. After a step nothing of it is left but what the allocator keeps cached.
 */
export class ForwardPass {
  private readonly allocator: CachingAllocator;
  private readonly shape: ForwardShape;
  /** What is being allocated, in words. */
  doing = '';

  constructor(allocator: CachingAllocator, shape: ForwardShape) {
    this.allocator = allocator;
    this.shape = shape;
  }

  /** @throws OutOfMemoryError; what the step had allocated by then stays. */
  run(step: ForwardStep): void {
    const { graphs, numTokens } = step;
    const { hidden, layers } = this.shape;
    if (graphs === 'none') {
      this.doing = 'the hidden states';
      const residual = this.allocator.alloc(hidden * numTokens);
      let stream = this.allocator.alloc(hidden * numTokens);
      for (const run of layers) stream = this.passLayers(run, step, stream);
      this.allocator.free(residual);
      this.sample(step);
      this.allocator.free(stream);
      return;
    }
    // What one layer's attention frees, the next one gets: once is as good as for every layer.
    if (graphs === 'all-but-attention') this.attend(step);
    this.sample(step);
  }

  /** Returns the stream that the last layer leaves. */
  private passLayers(run: LayerRun, step: ForwardStep, stream: Allocation): Allocation {
    // Between layers only the stream moves: once it lies where it lay before, and the driver was not asked in
    // between, all goes on as it did then.
    const places: number[] = [];
    let current = stream;
    let left = run.count;
    let calls = this.driverCalls;
    while (left > 0) {
      current = run.hasExperts ? this.experts(step, current) : this.mlp(step, current);
      left--;
      if (calls !== this.driverCalls) {
        calls = this.driverCalls;
        places.length = 0;
      }
      const { segment, offset } = this.allocator.placementOf(current);
      const place = segment * SEGMENT + offset;
      const before = places.lastIndexOf(place);
      if (before >= 0) left %= places.length - before;
      places.push(place);
    }
    return current;
  }

  private get driverCalls(): number {
    const { numDeviceAlloc, numDeviceFree } = this.allocator.stats;
    return numDeviceAlloc + numDeviceFree;
  }

  /** Attention of one layer: its output projected, normed in place. The layer's input stays, its caller holds it. */
  private attention(step: ForwardStep): Allocation {
    const { allocator, shape } = this;
    const { inputs, output } = shape.attention;
    this.doing = 'the attention';
    const made = this.allocAll(inputs, step.numTokens);
    const attended = allocator.alloc(output * step.numTokens);
    this.attend(step);
    this.freeAll(made);
    const projected = allocator.alloc(shape.hidden * step.numTokens);
    allocator.free(attended);
    return projected;
  }

  /** The attention kernel alone, which is never inside of a piecewise graph. */
  private attend({ numTokens, numDecodes }: ForwardStep): void {
    const { prefill, decode, softmax } = this.shape.attention;
    this.doing = 'the attention';
    this.freeAll([
      this.allocator.alloc(softmax * numTokens),
      ...this.allocAll(prefill, numTokens - numDecodes),
      ...this.allocAll(decode, numDecodes),
    ]);
  }

  private mlp(step: ForwardStep, input: Allocation): Allocation {
    const { allocator, shape } = this;
    const [gateAndUp, product] = shape.dense;
    const normed = this.attention(step);
    this.doing = 'the MLP';
    const projected = allocator.alloc(gateAndUp * step.numTokens);
    const activated = allocator.alloc(product * step.numTokens);
    allocator.free(projected);
    const output = allocator.alloc(shape.hidden * step.numTokens);
    this.freeAll([activated, normed, input]);
    return output;
  }

  private experts(step: ForwardStep, input: Allocation): Allocation {
    const { allocator, shape } = this;
    const { numTokens, numRows } = step;
    if (shape.experts === null) return input;
    const tensors = stepTensors(shape.experts, numTokens, numRows);
    const normed = this.attention(step);
    this.doing = 'the shared experts';
    const [projected, activated] = this.allocAll(tensors.shared.slice(0, 2), 1);
    const shared = this.allocAll(tensors.shared.slice(2), 1);
    if (tensors.shared.length > 0) this.freeAll([projected, activated]);
    this.doing = 'the routing of tokens to experts';
    const routing = this.allocAll(tensors.routing, 1);
    this.doing = 'the tokens of other replicas';
    const gathered = this.allocAll(tensors.allToAll, 1);
    this.doing = "the experts' workspace";
    const workspace = shape.keepsWorkspace ? [] : this.allocAll(tensors.workspace, 1);
    this.doing = "the experts' output";
    const output = allocator.alloc(shape.hidden * numTokens);
    this.freeAll([...workspace, ...gathered, ...routing, ...shared, normed, input]);
    return output;
  }

  private sample({ logits, numSampled }: ForwardStep): void {
    if (!this.shape.samples || numSampled === 0) return;
    this.doing = 'the sampler';
    const rows = this.allocator.alloc(this.shape.hidden * numSampled);
    this.freeAll([rows, ...this.allocAll(logits, 1)]);
  }

  private allocAll(bytes: readonly number[], times: number): Allocation[] {
    return bytes.map((each) => this.allocator.alloc(Math.ceil(each * times)));
  }

  private freeAll(allocations: readonly Allocation[]): void {
    for (const allocation of allocations) this.allocator.free(allocation);
  }
}
