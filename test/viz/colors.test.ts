import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { Purpose } from '../../sim/memory/allocator-report.ts';
import { STRIP_KINDS } from '../../sim/memory/rank-strip.ts';
import { COMPONENTS } from '../../sim/time/breakdown.ts';

const TOKENS = readFileSync(new URL('../../viz/style/tokens.css', import.meta.url), 'utf8');
const [LIGHT, DARK] = TOKENS.split(':root[data-theme="dark"]');
const THEMES = { light: LIGHT, dark: DARK };

/** What is told apart by colour: a legend names it, but nothing else does at its place. */
const WASTE = ['waste-tokens', 'waste-internal', 'waste-reserved', 'waste-cached', 'waste-free'];
const MEMORY = STRIP_KINDS.map((kind) => `mem-${kind}`);
const TIME = COMPONENTS.map((component) => `time-${component}`);

type Matrix = readonly (readonly [number, number, number])[];

/** Linear RGB as it is seen: Machado, Oliveira and Fernandes (2009), severity 1. */
const SIGHT: Readonly<Record<string, Matrix>> = {
  'all cones': [
    [1, 0, 0],
    [0, 1, 0],
    [0, 0, 1],
  ],
  protanopia: [
    [0.152286, 1.052583, -0.204868],
    [0.114503, 0.786281, 0.099216],
    [-0.003882, -0.048116, 1.051998],
  ],
  deuteranopia: [
    [0.367322, 0.860646, -0.227968],
    [0.280085, 0.672501, 0.047413],
    [-0.01182, 0.04294, 0.968881],
  ],
};

/** Differences in CIE 1976 L*a*b* from this on are seen at once, side by side or not. */
const LEAST_DIFFERENCE = 17;

function times(matrix: Matrix, vector: readonly number[]): number[] {
  return matrix.map((row) => row.reduce((sum, weight, i) => sum + weight * vector[i], 0));
}

/** CIE L*a*b* of a colour #rrggbb (D65). */
function lab(hex: string, sight: Matrix): number[] {
  const linear = [1, 3, 5].map((at) => {
    const value = Number.parseInt(hex.slice(at, at + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  });
  const seen = times(sight, linear).map((value) => Math.min(1, Math.max(0, value)));
  const xyz = times(
    [
      [0.4124, 0.3576, 0.1805],
      [0.2126, 0.7152, 0.0722],
      [0.0193, 0.1192, 0.9505],
    ],
    seen,
  );
  const [x, y, z] = xyz.map((value, i) => {
    const ratio = value / [0.95047, 1, 1.08883][i];
    return ratio > 0.008856 ? Math.cbrt(ratio) : 7.787 * ratio + 16 / 116;
  });
  return [116 * y - 16, 500 * (x - y), 200 * (y - z)];
}

function colorOf(token: string, theme: string): string {
  const color = new RegExp(`--${token}: (#[0-9a-f]{6});`).exec(theme)?.[1];
  if (color === undefined) throw new Error(`there is no colour --${token}`);
  return color;
}

describe.each(Object.entries(THEMES))('%s: colours that meet are told apart', (_, theme) => {
  test.each(Object.entries(SIGHT))('with %s', (_, sight) => {
    for (const tokens of [WASTE, MEMORY, TIME]) {
      const seen = tokens.map((token) => lab(colorOf(token, theme), sight));
      for (let i = 0; i < tokens.length; i++) {
        for (let j = 0; j < i; j++) {
          const difference = Math.hypot(...seen[i].map((value, axis) => value - seen[j][axis]));
          expect(difference, `${tokens[i]} and ${tokens[j]}`).toBeGreaterThan(LEAST_DIFFERENCE);
        }
      }
    }
  });
});

test('whatever a segment holds has a colour', () => {
  const purposes: Readonly<Record<Purpose, true>> = {
    weights: true,
    activations: true,
    'kv-cache': true,
    'cuda-graphs': true,
  };
  for (const purpose of Object.keys(purposes)) expect(TOKENS).toContain(`--mem-${purpose}:`);
});
