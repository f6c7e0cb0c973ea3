import { readdirSync } from 'node:fs';
import { expect, test } from 'vitest';
import { type Claim, verdictOf } from '../claims/claim.ts';
import { CLAIMS } from '../claims/claims.ts';
import { evidence, pathOf } from '../claims/evidence.ts';

/* docs/claims.md is generated: `npx vitest run test/docs -u` writes it anew. */

const INTRO = `# The guides' claims, tried

Generated from \`test/claims\` by \`npx vitest run test/docs -u\`; a test keeps it in step. The numbers are those of the runs.

Each claim of the five deployment guides ([guides.md](guides.md)) is turned into predictions: what must be seen in runs if
it is true. All hold: *supported*; none: *not supported*; some: *depends*. Nobody writes a verdict by hand. What no run
here can tell is *not tested*, with the reason. The scenarios stand in \`scenarios/\`; \`poolscope run scenarios/claims\`
runs those that were made for claims. A simulator's word is no measurement: [accuracy.md](accuracy.md) says how far to trust it.
`;
const GUIDES: Readonly<Record<string, string>> = {
  0: '000: GLM-4-9B on an L4, killed in its container',
  1: '001: GLM-4-9B, out of memory while the cache is allocated',
  2: '002: GLM-4.7-Flash on four RTX 4090 D',
  3: '003: GLM-4.5V on eight A100',
  4: '004: LLaMA-Factory, R1-Distill-Qwen-7B on two 4090',
};

interface Tried {
  readonly claim: Claim;
  readonly verdict: string;
  readonly found: string;
  readonly scenarios: readonly string[];
}

function tryOut(claim: Claim): Tried {
  const seen = new Set<string>();
  const see = (name: string) => {
    seen.add(name);
    return evidence(name);
  };
  const verdict = verdictOf(claim, see);
  const { predicts } = claim;
  const found = 'untested' in predicts ? predicts.untested : (claim.found?.(see) ?? '');
  return { claim, verdict, found, scenarios: [...seen] };
}

const cell = (text: string) => text.replaceAll('|', '\\|').replaceAll('\n', ' ');
function row({ claim, verdict, found, scenarios }: Tried): string {
  const links = scenarios.map((name) => `[${name}](../scenarios/${pathOf(name)})`).join('<br>');
  return `| ${claim.id} | ${cell(claim.says)} | ${verdict} | ${cell(found)} | ${links} |`;
}

test('docs/claims.md is what the runs say', async () => {
  const tried = CLAIMS.map(tryOut);
  const count = (verdict: string) => tried.filter((each) => each.verdict === verdict).length;
  const total = ['supported', 'not supported', 'depends', 'not tested']
    .map((verdict) => `${count(verdict)} ${verdict}`)
    .join(', ');
  const parts = Object.entries(GUIDES).flatMap(([number, title]) => [
    `## ${title}`,
    '',
    '| | claim | verdict | what runs show | scenarios |',
    '|---|---|---|---|---|',
    ...tried.filter(({ claim }) => claim.id.startsWith(`${number}.`)).map(row),
    '',
  ]);
  const text = [INTRO, `${tried.length} claims: ${total}.`, '', ...parts].join('\n');
  await expect(text).toMatchFileSnapshot('../../docs/claims.md');
  const used = new Set(tried.flatMap(({ scenarios }) => scenarios));
  const made = readdirSync(new URL('../../scenarios/claims', import.meta.url)).filter((name) =>
    name.endsWith('.yaml'),
  );
  expect(made.filter((name) => !used.has(name.replace('.pool.yaml', '')))).toEqual([]);
});

test('ids are in order, each once', () => {
  const order = CLAIMS.map(({ id }) => id.split('.').map(Number)).map(
    ([guide, number]) => guide * 100 + number,
  );
  expect(order).toEqual([...new Set(order)].toSorted((a, b) => a - b));
});
