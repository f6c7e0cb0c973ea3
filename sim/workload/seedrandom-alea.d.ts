declare module 'seedrandom/lib/alea' {
  /** A generator of uniform numbers in [0, 1). */
  export default function alea(seed: string): () => number;
}
