import type { Random } from './random.ts';

/** Changes that turn a text which somebody could have written into one that somebody, or nobody, could have. */

/** What parsers of YAML, shells and Python trip over, and numbers at the edges. */
export const SCRAPS: readonly string[] = [
  ...[
    '__proto__: {x: 1}',
    'constructor: {prototype: {x: 1}}',
    '&a [*a, *a]',
    '*nothing',
    '<<: *a',
    '!!js/function x',
  ],
  ...[
    '- - -',
    '{',
    '}',
    '[',
    ']',
    '"',
    "'",
    ': ',
    '~',
    '\t',
    '|',
    '>',
    '#',
    '---\n',
    '...\n',
    '\\',
    '`id`',
    '$(id)',
  ],
  ...[
    '1e308',
    '-1',
    '0',
    '.nan',
    '.inf',
    '1.5',
    '1000000000',
    '9007199254740993',
    '1e999',
    '-0',
    '0x7f',
    '1_000',
  ],
  ...[
    'null',
    'true',
    '[]',
    '{}',
    '""',
    '../../etc/passwd',
    '/etc/passwd',
    'C:\\x',
    '~/x',
    'file:///etc/passwd',
  ],
  ...[
    '0.6.3',
    '2026-05',
    'p(99) <',
    'value == baseline',
    'after: 3s',
    'severity: warning',
    'starts: false',
    'n: 3',
  ],
  ...[
    'expect:',
    'workload:',
    'sweep:',
    'engine:',
    'replicas: 2',
    'seeds: [1, 1]',
    'system: orca-max',
    'turns: 4',
  ],
  ...[
    '--max-model-len',
    '--block-size 0',
    '--block-size=7',
    '--tensor-parallel-size 3',
    '--no-such-flag',
    '--',
  ],
  ...[
    '--kv-cache-dtype fp8',
    '--max-num-seqs 1',
    '--gpu-memory-utilization 2',
    "--hf-overrides '{",
    '-tp',
    '=',
    '===',
  ],
  ...[
    '\u0000',
    '\u001b[31m',
    '😀',
    '\u2028',
    '\ufeff',
    '\r',
    '\r\n',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: a compose file has that
    '${X:-$Y}',
    '${',
    '$$',
    '%(x)s',
    '{{ .Values.x }}',
  ],
];

export function mutate(text: string, others: readonly string[], random: Random): string {
  let result = text;
  for (let left = 1 + random.below(3); left > 0; left--) result = once(result, others, random);
  return result.slice(0, 200_000);
}

function once(text: string, others: readonly string[], random: Random): string {
  const lines = text.split('\n');
  const line = random.below(lines.length);
  const at = random.below(text.length + 1);
  const withLine = (...changed: string[]) => lines.toSpliced(line, 1, ...changed).join('\n');
  const scrap = () => random.of(SCRAPS);
  switch (random.below(14)) {
    case 0:
      return withLine();
    case 1:
      return withLine(lines[line], lines[line]);
    case 2:
      return withLine(`  ${lines[line]}`);
    case 3:
      return withLine(lines[line].replace(/^ +/, ''));
    case 4:
      return withLine(lines[line], scrap());
    case 5:
      return withLine(lines[line].replace(/[:=].*$/, () => `: ${scrap()}`));
    case 6:
      return text.slice(0, at);
    case 7:
      return text.slice(0, at) + scrap() + text.slice(at);
    case 8: {
      const end = Math.min(text.length, at + random.below(20));
      return text.slice(0, at) + text.slice(end);
    }
    case 9: {
      const numbers = [...text.matchAll(/\d+(\.\d+)?/g)];
      if (numbers.length === 0) return text + scrap();
      const { index, 0: found } = random.of(numbers);
      return text.slice(0, index) + scrap() + text.slice(index + found.length);
    }
    case 10: {
      const words = [...text.matchAll(/[\w./-]+/g)];
      if (words.length === 0) return scrap();
      const { index, 0: found } = random.of(words);
      return text.slice(0, index) + random.of(words)[0] + text.slice(index + found.length);
    }
    case 11: {
      const other = random.of(others);
      const from = random.below(other.length + 1);
      return text.slice(0, at) + other.slice(from, from + random.below(200)) + text.slice(at);
    }
    case 12:
      return text.slice(0, at) + scrap().repeat(1 + random.below(2000)) + text.slice(at);
    default:
      return text.slice(0, at) + String.fromCodePoint(random.below(0xd800)) + text.slice(at + 1);
  }
}

/** A command line of words, each of which may go, come, move or change. */
export function mutateWords(words: readonly string[], others: readonly string[], random: Random): string[] {
  let result = [...words];
  for (let left = 1 + random.below(2); left > 0; left--) {
    const at = random.below(result.length + 1);
    switch (random.below(5)) {
      case 0:
        result = result.toSpliced(at, 1);
        break;
      case 1:
        result = result.toSpliced(at, 0, random.of(others));
        break;
      case 2:
        result = result.toSpliced(at, 1, random.of(others));
        break;
      case 3:
        result = result.toSpliced(at, 1, random.of(SCRAPS).replaceAll('\u0000', ''));
        break;
      default:
        if (at < result.length)
          result[at] = mutate(result[at], others, random).slice(0, 5000).replaceAll('\u0000', '');
    }
  }
  return result;
}
