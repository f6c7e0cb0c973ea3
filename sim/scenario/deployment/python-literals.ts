/** Literals of Python as values; undefined = something that would have to be run to know it. */
export type PythonValue = string | number | boolean | null | PythonValue[] | { [key: string]: PythonValue };

export interface PythonToken {
  readonly kind: 'name' | 'string' | 'number' | 'operator' | 'line';
  readonly text: string;
  readonly value?: string | number;
  readonly line: number;
  readonly column: number;
}

const TOKEN =
  /(?<blank>[ \t\f]+|\\\r?\n|#[^\n]*)|(?<line>\r?\n)|(?<string>[rRbBuUfF]{0,2}(?:"""[\s\S]*?(?:"""|$)|'''[\s\S]*?(?:'''|$)|"(?:\\[\s\S]|[^"\\\n])*"?|'(?:\\[\s\S]|[^'\\\n])*'?))|(?<number>(?:0[xX][\da-fA-F_]+|(?:\d[\d_]*\.?[\d_]*|\.\d[\d_]*)(?:[eE][+-]?\d+)?))|(?<name>[\p{L}_][\p{L}\p{N}_]*)|(?<operator>\*\*|[-+*/=<>!%&|^~@,.:;()[\]{}]|.)/suy;

/** Splits Python source; comments and blanks are left out. Nothing is run. */
export function pythonTokens(source: string): PythonToken[] {
  const tokens: PythonToken[] = [];
  let line = 1;
  let lineStart = 0;
  TOKEN.lastIndex = 0;
  for (let match = TOKEN.exec(source); match !== null; match = TOKEN.exec(source)) {
    const { groups = {}, index } = match;
    const text = match[0];
    const kind = (['line', 'string', 'number', 'name', 'operator'] as const).find(
      (name) => groups[name] !== undefined,
    );
    if (kind !== undefined) {
      const value = kind === 'string' ? stringOf(text) : kind === 'number' ? numberOf(text) : undefined;
      tokens.push({ kind, text, value, line, column: index - lineStart + 1 });
    }
    for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) {
      line++;
      lineStart = index + at + 1;
    }
    if (TOKEN.lastIndex >= source.length) break;
  }
  return tokens;
}

/** Undefined for an f-string with something in it. */
function stringOf(text: string): string | undefined {
  const [, prefix, quote, body] = /^([a-zA-Z]*)("""|'''|"|')([\s\S]*)$/.exec(text) ?? [];
  if (quote === undefined) return undefined;
  const inner = body.endsWith(quote) ? body.slice(0, -quote.length) : body;
  if (/f/i.test(prefix) && /[{}]/.test(inner)) return undefined;
  if (/r/i.test(prefix)) return inner;
  const escapes: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r', '\n': '' };
  return inner.replace(/\\([\s\S])/g, (_, char: string) => escapes[char] ?? char);
}

function numberOf(text: string): number {
  return Number(text.replaceAll('_', ''));
}

const CONSTANTS: Readonly<Record<string, PythonValue>> = { True: true, False: false, None: null };
const DEEPEST = 20;

/** What Python's functions of these names make of a value. */
const CONVERSIONS: Readonly<Record<string, (value: PythonValue) => PythonValue | undefined>> = {
  str: (value) => (typeof value === 'object' ? undefined : String(value)),
  int: (value) => whole(Number(value === '' ? Number.NaN : value)),
  float: (value) => finite(Number(value === '' ? Number.NaN : value)),
};
/** `os.environ` and what is imported from os. */
const ENVIRONMENT = ['environ', 'getenv'];

/**
 * Reads literals from tokens: texts, numbers and sums and products of them, True, False, None, lists, tuples, dicts,
 * names that are known, environment variables with a value or a default, and `int(…)` and its like of all these.
 */
export class LiteralReader {
  private readonly tokens: readonly PythonToken[];
  private readonly known: ReadonlyMap<string, PythonValue>;
  private readonly environment: Readonly<Record<string, string>>;
  at: number;

  constructor(
    tokens: readonly PythonToken[],
    at: number,
    known: ReadonlyMap<string, PythonValue>,
    environment: Readonly<Record<string, string>>,
  ) {
    this.tokens = tokens;
    this.at = at;
    this.known = known;
    this.environment = environment;
  }

  get token(): PythonToken | undefined {
    return this.tokens[this.at];
  }

  skipLines(): void {
    while (this.token?.kind === 'line') this.at++;
  }

  /** The value up to the next of these operators at this depth; undefined if it is no literal. Stops in front of it. */
  read(ends: readonly string[]): PythonValue | undefined {
    const value = this.sum(0);
    this.skipLines();
    const complete = this.token === undefined || ends.includes(this.token.text);
    if (!complete) this.skipTo(ends);
    return complete ? value : undefined;
  }

  skipTo(ends: readonly string[]): void {
    let depth = 0;
    for (; this.token !== undefined; this.at++) {
      const { kind, text } = this.token;
      if (kind === 'string') continue;
      if (depth === 0 && ends.includes(text)) return;
      if (kind === 'operator' && '([{'.includes(text)) depth++;
      if (kind === 'operator' && ')]}'.includes(text)) depth--;
    }
  }

  private sum(depth: number): PythonValue | undefined {
    return this.chain(['+', '-'], () => this.chain(['*', '/', '%'], () => this.value(depth)));
  }

  /** Numbers with operators of one rank between them; of anything else, what a single one is. */
  private chain(
    operators: readonly string[],
    operand: () => PythonValue | undefined,
  ): PythonValue | undefined {
    let left = operand();
    while (this.token?.kind === 'operator' && operators.includes(this.token.text)) {
      const floors = this.token.text === '/' && this.tokens[this.at + 1]?.text === '/';
      const operator = floors ? '//' : this.token.text;
      this.at += operator.length;
      const right = operand();
      left =
        typeof left === 'number' && typeof right === 'number' ? compute(left, operator, right) : undefined;
    }
    return left;
  }

  private value(depth: number): PythonValue | undefined {
    this.skipLines();
    const { token } = this;
    if (token === undefined || depth > DEEPEST) return undefined;
    if (token.kind === 'string') return this.strings();
    this.at++;
    if (token.kind === 'number') return token.value;
    if (token.kind === 'name') return this.named(token.text, depth);
    if (token.text === '-') {
      const value = this.value(depth + 1);
      return typeof value === 'number' ? -value : undefined;
    }
    if (token.text === '[') return this.list(']', depth);
    if (token.text === '(') return this.list(')', depth);
    return token.text === '{' ? this.dict('}', ':', depth) : undefined;
  }

  private named(name: string, depth: number): PythonValue | undefined {
    if (name === 'os' && this.token?.text === '.' && ENVIRONMENT.includes(this.tokens[this.at + 1]?.text)) {
      this.at += 2;
      return this.environmentVariable(depth);
    }
    if (ENVIRONMENT.includes(name)) return this.environmentVariable(depth);
    if (this.token?.text === '(' && Object.hasOwn(CONVERSIONS, name)) {
      this.at++;
      const value = this.items(')', depth)?.values[0];
      return value === undefined || value === null ? undefined : CONVERSIONS[name](value);
    }
    if (name === 'dict' && this.token?.text === '(') {
      this.at++;
      return this.dict(')', '=', depth);
    }
    return Object.hasOwn(CONSTANTS, name) ? CONSTANTS[name] : this.known.get(name);
  }

  /** Behind `environ` or `getenv`: `["NAME"]`, `.get("NAME", default)`, `("NAME", default)`. */
  private environmentVariable(depth: number): PythonValue | undefined {
    if (this.token?.text === '.' && this.tokens[this.at + 1]?.text === 'get') this.at += 2;
    const end = this.token?.text === '[' ? ']' : ')';
    this.at++;
    const [name, otherwise] = this.items(end, depth)?.values ?? [];
    if (typeof name !== 'string') return undefined;
    return Object.hasOwn(this.environment, name) ? this.environment[name] : otherwise;
  }

  /** Literals side by side are one text. */
  private strings(): string | undefined {
    let text: string | undefined = '';
    for (; this.token?.kind === 'string' || this.token?.kind === 'line'; this.at++) {
      if (this.token.kind === 'line') continue;
      text = text === undefined || this.token.value === undefined ? undefined : `${text}${this.token.value}`;
    }
    return text;
  }

  private list(end: string, depth: number): PythonValue | undefined {
    const items = this.items(end, depth);
    if (items === undefined) return undefined;
    // Brackets around one value are no tuple.
    return end === ')' && items.values.length === 1 && items.commas === 0 ? items.values[0] : items.values;
  }

  /** The values up to the bracket that closes them, and the commas; undefined if one is no literal. */
  private items(end: string, depth: number): { values: PythonValue[]; commas: number } | undefined {
    const values: PythonValue[] = [];
    let known = true;
    let commas = 0;
    for (this.skipLines(); this.token !== undefined && this.token.text !== end; this.skipLines()) {
      const value = this.sum(depth + 1);
      this.skipLines();
      if (this.token !== undefined && ![',', end].includes(this.token.text)) {
        this.skipTo([',', end]);
        known = false;
      }
      if (value === undefined) known = false;
      else values.push(value);
      if (this.token?.text === ',') {
        commas++;
        this.at++;
      }
    }
    this.at++;
    return known ? { values, commas } : undefined;
  }

  /** `{"key": value}`, or what stands in `dict(key=value)`. */
  private dict(end: string, colon: string, depth: number): PythonValue | undefined {
    const entries: [string, PythonValue][] = [];
    let known = true;
    for (this.skipLines(); this.token !== undefined && this.token.text !== end; this.skipLines()) {
      const key = colon === '=' ? this.tokens[this.at++].text : this.sum(depth + 1);
      this.skipLines();
      const hasValue = this.token?.text === colon;
      if (hasValue) this.at++;
      const value = hasValue ? this.sum(depth + 1) : undefined;
      this.skipLines();
      if (this.token !== undefined && ![',', end].includes(this.token.text)) {
        this.skipTo([',', end]);
        known = false;
      }
      if (value === undefined || (typeof key !== 'string' && typeof key !== 'number')) known = false;
      else entries.push([String(key), value]);
      if (this.token?.text === ',') this.at++;
    }
    this.at++;
    return known ? Object.fromEntries(entries) : undefined;
  }
}

function whole(value: number): number | undefined {
  return Number.isFinite(value) ? Math.trunc(value) : undefined;
}

function finite(value: number): number | undefined {
  return Number.isFinite(value) ? value : undefined;
}

/** As Python does it; undefined where Python raises, and for `**`, which is no rank of these. */
function compute(left: number, operator: string, right: number): number | undefined {
  switch (operator) {
    case '+':
      return left + right;
    case '-':
      return left - right;
    case '*':
      return left * right;
  }
  if (right === 0) return undefined;
  if (operator === '/') return left / right;
  const floor = Math.floor(left / right);
  return operator === '//' ? floor : left - floor * right;
}
