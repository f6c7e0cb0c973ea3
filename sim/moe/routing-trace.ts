import { InputError } from '../error.ts';
import type { ExpertRouter } from './router.ts';
import type { MoeShape } from './shape.ts';

/** Experts that a model chose for some tokens: token × layer × choice → expert. */
export interface RoutingTrace {
  readonly numTokens: number;
  readonly experts: Uint16Array;
}

type Expected = Pick<MoeShape, 'layers' | 'topK' | 'numExperts'>;

const HEADER = /^token\s*,\s*layer\s*,\s*experts$/;
const FIELDS = [/^\d+$/, /^\d{1,5}$/, /^"?\s*\d[\d\s]*"?$/];

/**
 * Reads a recorded routing: JSON, one list per token of one list per layer of expert ids (vLLM's `routed_experts`,
 * --enable-return-routed-experts); or CSV with the header `token,layer,experts`, ids separated by blanks. Layers
 * are the MoE layers, from 0; tokens may have any numbers and keep their order.
 * @throws InputError where a layer or an id is missing, twice, or not the model's.
 */
export function readRoutingTrace(text: string, file: string, expected: Expected): RoutingTrace {
  const tokens = text.trimStart().startsWith('[') ? tokensOfJson(text, file) : tokensOfCsv(text, file);
  if (tokens.length === 0) throw problem(file, 'holds no tokens');
  const { layers, topK } = expected;
  const experts = new Uint16Array(tokens.length * layers * topK);
  let at = 0;
  for (const [index, { line, ids }] of tokens.entries()) {
    const name = `token ${index}`;
    if (!Array.isArray(ids) || ids.length !== layers) {
      const found = Array.isArray(ids) ? ids.length : 'no list';
      throw problem(file, `${name}: expected ${layers} layers with experts, got ${found}`, line);
    }
    for (let layer = 0; layer < layers; layer++) {
      checkChoices(ids[layer], expected, (message) =>
        problem(file, `${name}, layer ${layer}: ${message}`, line),
      );
      experts.set(ids[layer] as number[], at);
      at += topK;
    }
  }
  return { numTokens: tokens.length, experts };
}

/** A token's choices in every layer, and the line where they begin. */
interface TracedToken {
  readonly line?: number;
  readonly ids: unknown;
}

function checkChoices(
  ids: unknown,
  { topK, numExperts }: Expected,
  fail: (message: string) => InputError,
): void {
  if (!Array.isArray(ids) || ids.length !== topK) {
    throw fail(`expected ${topK} experts, got ${Array.isArray(ids) ? ids.length : 'none'}`);
  }
  for (const id of ids) {
    if (!Number.isInteger(id) || id < 0 || id >= numExperts) {
      throw fail(`expected an expert from 0 to ${numExperts - 1}, got ${id}`);
    }
  }
  if (new Set(ids).size < topK) throw fail('an expert is named twice');
}

function tokensOfJson(text: string, file: string): TracedToken[] {
  try {
    return (JSON.parse(text) as unknown[]).map((ids) => ({ ids }));
  } catch {
    throw problem(file, 'is no JSON');
  }
}

function tokensOfCsv(text: string, file: string): TracedToken[] {
  const lines = text.split(/\r?\n/);
  if (!HEADER.test(lines[0].trim())) {
    throw problem(file, 'expected JSON, or CSV with the header token,layer,experts', 1);
  }
  const tokens = new Map<string, { line: number; ids: number[][] }>();
  for (const [index, row] of lines.entries()) {
    if (index === 0 || row.trim() === '') continue;
    const line = index + 1;
    const fields = row.split(',').map((field) => field.trim());
    if (fields.length !== FIELDS.length || !FIELDS.every((pattern, i) => pattern.test(fields[i]))) {
      throw problem(file, 'expected token,layer,experts like 0,3,5 17 22 60', line);
    }
    const [token, layer, ids] = fields;
    const known = tokens.get(token) ?? { line, ids: [] };
    if (known.ids[Number(layer)] !== undefined) throw problem(file, 'a token twice in one layer', line);
    known.ids[Number(layer)] = ids.match(/\d+/g)!.map(Number);
    tokens.set(token, known);
  }
  return [...tokens.values()];
}

function problem(file: string, message: string, line?: number): InputError {
  return new InputError([{ file, message, ...(line !== undefined && { place: { line, column: 1 } }) }]);
}

/** Replays a trace: each step takes the next tokens, and begins anew at the end. */
export class TraceRouter implements ExpertRouter {
  private readonly trace: RoutingTrace;
  private readonly layers: number;
  private readonly topK: number;
  private readonly numExperts: number;
  /** Layer × expert → tokens of the whole trace. */
  private readonly totals: Float64Array;
  /** The first token of this step. */
  private next = 0;

  constructor(trace: RoutingTrace, { layers, topK, numExperts }: Expected) {
    this.trace = trace;
    this.layers = layers;
    this.topK = topK;
    this.numExperts = numExperts;
    this.totals = new Float64Array(layers * numExperts);
    trace.experts.forEach((expert, i) => {
      this.totals[(Math.floor(i / topK) % layers) * numExperts + expert]++;
    });
  }

  /** Layers come in order: after the last one, the step is over. */
  route(layer: number, tokens: number, counts: Int32Array): void {
    const { trace, topK, layers, numExperts, totals } = this;
    const rounds = Math.floor(tokens / trace.numTokens);
    for (let expert = 0; expert < numExperts; expert++) {
      counts[expert] = rounds * totals[layer * numExperts + expert];
    }
    let token = this.next;
    for (let left = tokens % trace.numTokens; left > 0; left--) {
      const at = (token * layers + layer) * topK;
      for (let j = 0; j < topK; j++) counts[trace.experts[at + j]]++;
      if (++token === trace.numTokens) token = 0;
    }
    if (layer === layers - 1) this.next = token;
  }
}
