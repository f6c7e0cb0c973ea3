/** Beyond these, exchanges go over the network. */
export const GPUS_PER_NODE = 8;

/** What joins the GPUs of a replica. */
export interface LinkTiming {
  /** Seconds until an exchange starts, for 2, 4 and 8 ranks. */
  readonly alpha: readonly [number, number, number];
  /** Bus bandwidth, 10⁹ bytes/s, for 2, 4 and 8 ranks. */
  readonly busGBs: readonly [number, number, number];
  /** Where the two come from. */
  readonly source: string;
}

/** All figures from semantics/time.md §1; what is not measured there says so. */
export const LINKS = {
  nvlink4: {
    alpha: [4.2e-6, 5.4e-6, 7.2e-6],
    busGBs: [300, 300, 300],
    source: 'fitted: start on H100 serving runs, bandwidth on NCCL measurements',
  },
  nvlink3: {
    alpha: [4.8e-6, 6.6e-6, 9e-6],
    busGBs: [180, 180, 180],
    source: 'start assumed, bandwidth fitted on NCCL measurements of the A100',
  },
  'nvlink4-pairs': {
    alpha: [4.2e-6, 28e-6, 28e-6],
    busGBs: [300, 50, 50],
    source: 'NVLink in pairs, PCIe between them: 4 ranks fitted on NCCL measurements of the H100',
  },
  'nvlink3-pairs': {
    alpha: [4.8e-6, 60e-6, 60e-6],
    busGBs: [180, 24, 24],
    source: 'NVLink in pairs, PCIe between them: 4 ranks fitted on NCCL measurements of the A100',
  },
  pcie5: {
    alpha: [25e-6, 40e-6, 80e-6],
    busGBs: [14, 14, 14],
    source: '2 ranks fitted on a serving run of two RTX PRO 6000, more ranks assumed',
  },
  pcie4: { alpha: [20e-6, 40e-6, 80e-6], busGBs: [12, 12, 12], source: 'assumed' },
} as const satisfies Readonly<Record<string, LinkTiming>>;

export type Link = keyof typeof LINKS;

/** Seconds until a transfer between GPU and host starts (semantics/time.md §0). */
export const TRANSFER_START = 10e-6;

/** Pinned host memory over 16 lanes, bytes/s: 25 GB/s in generation 4 as measured (moe.md §8), twice that in 5. */
export function hostBytesPerSecond(link: Link): number {
  return link === 'pcie5' || link.startsWith('nvlink4') ? 50e9 : 25e9;
}
