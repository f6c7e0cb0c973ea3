import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { en } from '../../viz/text/en.ts';
import { zh } from '../../viz/text/zh.ts';

const PAGE = readFileSync(new URL('../../index.html', import.meta.url), 'utf8');

/** Every text with its path; of a function, what it says of its arguments' places. */
function flat(texts: object, path = ''): [string, unknown][] {
  return Object.entries(texts).flatMap(([key, value]) =>
    typeof value === 'object'
      ? flat(value, `${path}${key}.`)
      : [[`${path}${key}`, value] as [string, unknown]],
  );
}

describe('the texts of the page', () => {
  test('every language has every text, of the same kind', () => {
    const kinds = (texts: object) => flat(texts).map(([path, value]) => `${path}: ${typeof value}`);
    expect(kinds(zh)).toEqual(kinds(en));
  });

  test('nothing is left in English', () => {
    const alike = new Map(flat(en).filter(([, value]) => typeof value === 'string') as [string, string][]);
    const same = flat(zh).filter(([path, value]) => value === alike.get(path));
    expect(same.map(([path]) => path)).toEqual([
      'stepTime.overhead',
      'editor.labels.gpu',
      'editor.labels.vllm',
    ]);
  });

  test('index.html names texts that there are, and says nothing by itself', () => {
    const named = [...PAGE.matchAll(/ data-(?:text|label|title)="([^"]*)"/g)].map(([, key]) => key);
    expect(named.length).toBeGreaterThan(20);
    expect(named.filter((key) => !(key in en.page))).toEqual([]);
    expect(Object.keys(en.page).filter((key) => !named.includes(key))).toEqual([]);
    expect(PAGE).not.toMatch(/ (?:aria-label|title|placeholder)="/);
    // A visitor without scripts reads the same words.
    for (const [, key, content] of PAGE.matchAll(/ data-text="([^"]*)"[^>]*>([^<]+)</g)) {
      expect([key, content]).toEqual([key, en.page[key as keyof typeof en.page]]);
    }
  });
});
