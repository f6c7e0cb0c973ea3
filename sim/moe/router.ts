import { RandomStream } from '../workload/random.ts';
import { type Popularity, visitProbabilities } from './popularity.ts';
import type { MoeShape } from './shape.ts';

/** Chooses experts. */
export interface ExpertRouter {
  /** Tokens of each expert at a layer in a step of so many tokens, into `counts`; they sum to tokens × topK. */
  route(layer: number, tokens: number, counts: Int32Array): void;
}

const NUM_NORMALS = 1 << 13;
/** Orders to sample from: with one, the same experts would always come together. */
const NUM_WHEELS = 64;
const GUIDES_PER_EXPERT = 4;
/** Tokens are drawn one by one while a step has at most this many choices per expert; beyond, their sums are. */
const CHOICES_PER_EXPERT = 2;

/**
 * Seeded routing by popularity. Every layer has the same curve, over its experts in an order of its own. A token
 * visits topK different experts, each with exactly its probability: systematic sampling, where one draw u picks the
 * experts at u, u + 1, … of the probabilities cumulated in one of several random orders. Of a large step only the sums are drawn: binomial mean
 * and variance, rounded so that no token is lost.
 */
export class PopularityRouter implements ExpertRouter {
  private readonly topK: number;
  private readonly numExperts: number;
  private readonly locality: number;
  private readonly draws: RandomStream;
  private readonly normals: Float64Array;
  /** Position (from the most popular on) → probability, deviation of the root of its tokens. */
  private readonly probability: Float64Array;
  private readonly deviation: Float64Array;
  private readonly wheels: readonly Wheel[];
  /** Layer × position → expert. */
  private readonly expertAt: Int32Array;
  /** Layer × position → tokens in the step before, and layer → its tokens. */
  private readonly before: Int32Array;
  private readonly tokensBefore: Float64Array;
  /** Layer × token × choice → position, of the last step whose tokens were drawn; and how many they were. */
  private readonly chosen: Uint16Array;
  private readonly numChosen: Int32Array;
  private readonly mostTokens: number;
  private readonly expected: Float64Array;

  constructor({ numExperts, topK, layers }: MoeShape, popularity: Popularity, seed: number) {
    this.topK = topK;
    this.numExperts = numExperts;
    this.locality = popularity.locality;
    this.draws = new RandomStream(seed, 'expert choices');
    const noise = new RandomStream(seed, 'expert loads');
    this.normals = Float64Array.from({ length: NUM_NORMALS }, () => noise.normal());
    const orders = new RandomStream(seed, 'expert popularity');
    this.probability = visitProbabilities(numExperts, topK, popularity);
    // So that the variance stays binomial although a part of each step is carried over.
    const { locality } = popularity;
    this.deviation = this.probability.map((p) => Math.sqrt((1 - p) * (1 - locality * locality)) / 2);
    this.wheels = Array.from({ length: NUM_WHEELS }, () => wheelOf(this.probability, topK, orders));
    this.expertAt = new Int32Array(layers * numExperts);
    for (let layer = 0; layer < layers; layer++) {
      this.expertAt.set(shuffled(numExperts, orders), layer * numExperts);
    }
    this.mostTokens = Math.max(1, Math.floor((CHOICES_PER_EXPERT * numExperts) / topK));
    this.before = new Int32Array(layers * numExperts);
    this.tokensBefore = new Float64Array(layers);
    this.chosen = new Uint16Array(layers * this.mostTokens * topK);
    this.numChosen = new Int32Array(layers);
    this.expected = new Float64Array(numExperts);
  }

  route(layer: number, tokens: number, counts: Int32Array): void {
    const { numExperts, before, expertAt } = this;
    const base = layer * numExperts;
    if (tokens <= this.mostTokens) this.drawTokens(layer, tokens);
    else this.drawSums(layer, tokens);
    this.tokensBefore[layer] = tokens;
    for (let i = base; i < base + numExperts; i++) counts[expertAt[i]] = before[i];
  }

  private drawTokens(layer: number, tokens: number): void {
    const { topK, chosen, wheels, draws, before, locality } = this;
    const base = layer * this.numExperts;
    const buckets = (GUIDES_PER_EXPERT * this.numExperts) / topK;
    before.fill(0, base, base + this.numExperts);
    let at = layer * this.mostTokens * topK;
    for (let token = 0; token < tokens; token++, at += topK) {
      const keeps = locality > 0 && token < this.numChosen[layer] && draws.uniform() < locality;
      if (!keeps) {
        const drawn = draws.uniform() * NUM_WHEELS;
        const { cumulated, guide, position } = wheels[Math.floor(drawn)];
        const start = drawn - Math.floor(drawn);
        for (let j = 0; j < topK; j++) {
          let slot = guide[Math.floor((start + j) * buckets)];
          while (cumulated[slot + 1] <= start + j) slot++;
          chosen[at + j] = position[slot];
        }
      }
      for (let j = 0; j < topK; j++) before[base + chosen[at + j]]++;
    }
    this.numChosen[layer] = tokens;
  }

  private drawSums(layer: number, tokens: number): void {
    const { numExperts, topK, before, expected, normals, probability, deviation } = this;
    const base = layer * numExperts;
    const kept = this.tokensBefore[layer] > 0 ? this.locality : 0;
    const keptScale = kept === 0 ? 0 : (kept * tokens) / this.tokensBefore[layer];
    const fresh = tokens * (1 - kept);
    const offset = this.draws.integer(0, NUM_NORMALS - 1);
    let sum = 0;
    for (let i = 0; i < numExperts; i++) {
      const mean = fresh * probability[i] + keptScale * before[base + i];
      // The root of a binomial is about normal, and its deviation does not depend on the mean (Anscombe).
      const root = Math.sqrt(mean) + deviation[i] * normals[(offset + i) & (NUM_NORMALS - 1)];
      expected[i] = Math.max(0, root * root - deviation[i] * deviation[i]);
      sum += expected[i];
    }
    this.round(base, tokens, (tokens * topK) / sum);
    this.numChosen[layer] = 0;
  }

  /** Expected × scale as whole numbers up to `tokens`, none of the total lost. */
  private round(base: number, tokens: number, scale: number): void {
    const { numExperts, topK, before, expected } = this;
    const total = tokens * topK;
    let cumulated = this.draws.uniform();
    let reached = 0;
    let left = total;
    for (let i = 0; i < numExperts; i++) {
      cumulated += expected[i] * scale;
      const upTo = Math.min(total, Math.floor(cumulated));
      before[base + i] = Math.min(tokens, upTo - reached);
      left -= before[base + i];
      reached = upTo;
    }
    for (let i = 0; left > 0; i++) {
      const more = Math.min(left, tokens - before[base + i]);
      before[base + i] += more;
      left -= more;
    }
  }
}

/** Positions in a random order, to be sampled from. */
interface Wheel {
  /** Slot → position, and cumulated probability up to it. */
  readonly position: Int32Array;
  readonly cumulated: Float64Array;
  /** Bucket of the cumulated probability → slot where to begin the search. */
  readonly guide: Int32Array;
}

function wheelOf(probability: Float64Array, topK: number, stream: RandomStream): Wheel {
  const size = probability.length;
  const position = shuffled(size, stream);
  const cumulated = new Float64Array(size + 1);
  for (let i = 0; i < size; i++) cumulated[i + 1] = cumulated[i] + probability[position[i]];
  // What rounding lost must not let the last choice run off the end.
  cumulated[size] = topK + 1;
  const guide = new Int32Array(GUIDES_PER_EXPERT * size + 1);
  for (let i = 0, slot = 0; i < guide.length; i++) {
    while (cumulated[slot + 1] <= (i * topK) / (GUIDES_PER_EXPERT * size)) slot++;
    guide[i] = slot;
  }
  return { position, cumulated, guide };
}

/** The numbers below n in random order (Fisher and Yates). */
function shuffled(n: number, stream: RandomStream): Int32Array {
  const order = Int32Array.from({ length: n }, (_, i) => i);
  for (let i = n - 1; i > 0; i--) {
    const j = stream.integer(0, i);
    [order[i], order[j]] = [order[j], order[i]];
  }
  return order;
}
