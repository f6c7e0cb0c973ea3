/** Colours of the canvases, read from the page's tokens whenever the theme changes. */
export interface Palette {
  readonly css: (token: string) => string;
  /** Colours of requests, by their rows. */
  readonly requests: readonly string[];
  readonly request: (request: number) => string;
  /** Sequential scale of reference counts, 1 … 8 and more. */
  readonly counts: readonly string[];
  readonly count: (refCount: number) => string;
}

/**
 * Okabe and Ito's hues and a violet, told apart with the common colour deficiencies, then a second shade of
 * each: sixteen, so that requests that run together seldom meet in one colour. Neighbours differ most.
 */
const REQUESTS = {
  light: [
    '#e69f00',
    '#3a9fd6',
    '#009e73',
    '#d9c400',
    '#0072b2',
    '#d55e00',
    '#cc79a7',
    '#7a6ff0',
    '#96690a',
    '#a9d6f0',
    '#00583f',
    '#857c1a',
    '#5b7ea3',
    '#8a3a00',
    '#8c3f6b',
    '#bdb6fa',
  ],
  dark: [
    '#f0b030',
    '#6cc3f5',
    '#2fc79b',
    '#f0e442',
    '#4ba3e3',
    '#f07f35',
    '#e29bc4',
    '#a79bff',
    '#a8781a',
    '#3c7f9e',
    '#9fe5cd',
    '#a39b34',
    '#31548c',
    '#b5541a',
    '#a85f88',
    '#6f62d0',
  ],
};
const COUNTS = {
  light: ['#bcd9ee', '#86bde0', '#4f9fce', '#2a7fb5', '#166295', '#0c4a75', '#083557', '#05233b'],
  dark: ['#1f4a6b', '#2b6a97', '#3a8bc0', '#58a9db', '#7fc3ea', '#a8d9f3', '#cdebfa', '#eef8fe'],
};

export const NUM_REQUESTS = REQUESTS.light.length;
export const NUM_COUNTS = COUNTS.light.length;

export function readPalette(): Palette {
  const style = getComputedStyle(document.documentElement);
  const theme = document.documentElement.dataset.theme === 'dark' ? 'dark' : 'light';
  const requests = REQUESTS[theme];
  const counts = COUNTS[theme];
  // Asking for a computed style is slow, and a map asks per block.
  const tokens = new Map<string, string>();
  return {
    css(token) {
      let value = tokens.get(token);
      if (value === undefined) {
        value = style.getPropertyValue(`--${token}`).trim();
        tokens.set(token, value);
      }
      return value;
    },
    requests,
    request: (request) => requests[request % requests.length],
    counts,
    count: (refCount) => counts[Math.min(counts.length, Math.max(1, refCount)) - 1],
  };
}

/** A colour #rrggbb as 0xAABBGGRR, the order of ImageData on little-endian machines. */
export function toPixel(hex: string): number {
  const value = Number.parseInt(hex.slice(1), 16);
  return (0xff000000 | ((value & 0xff) << 16) | (value & 0xff00) | (value >> 16)) >>> 0;
}

/** The colour of a pixel 0xAABBGGRR as #rrggbb. */
export function toHex(pixel: number): string {
  return `#${[0, 8, 16].map((by) => ((pixel >> by) & 0xff).toString(16).padStart(2, '0')).join('')}`;
}
