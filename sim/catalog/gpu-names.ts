/**
 * GPUs as drivers, people and clusters call them ("NVIDIA GeForce RTX 4090", "A100-SXM4-80GB"): also labels of
 * NVIDIA's GPU operator (`nvidia.com/gpu.product`), of GKE, and instance types of AWS, Azure and Google Cloud. In
 * lower case, words joined by hyphens. The first that matches counts, so the more specific comes first.
 */
const NAMES: readonly (readonly [pattern: RegExp, gpu: string])[] = [
  [/h200|^p5en?\./, 'h200'],
  [/b200|^p6-b200/, 'b200'],
  [/h100.*nvl/, 'h100-nvl'],
  [/h100.*pcie/, 'h100-pcie'],
  [/h100|^p5\.|^a3-/, 'h100-sxm'],
  [/h800/, 'h800'],
  [/\bh20\b/, 'h20'],
  [/a100.*pcie.*40|a100.*40.*pcie/, 'a100-40g-pcie'],
  [/a100.*pcie|^standard-nc\d+ads-a100/, 'a100-80g-pcie'],
  [/a100.*40|tesla-a100|^p4d\.|^a2-highgpu/, 'a100-40g-sxm'],
  [/a100|^p4de\.|^a2-ultragpu/, 'a100-80g-sxm'],
  [/a800/, 'a800-80g'],
  [/l40s|^g6e\./, 'l40s'],
  [/\bl40\b/, 'l40'],
  [/\bl20\b/, 'l20'],
  [/\bl4\b|^g6\.|^g2-/, 'l4'],
  [/rtx-?pro-?6000/, 'rtxpro6000'],
  [/6000-?ada/, 'rtx6000ada'],
  [/a6000/, 'a6000'],
  [/a5000/, 'a5000'],
  [/\ba40\b/, 'a40'],
  [/\ba30\b/, 'a30'],
  [/\ba10g\b|^g5\./, 'a10g'],
  [/\ba10\b/, 'a10'],
  [/4090-?d/, 'rtx4090d'],
  [/4090/, 'rtx4090'],
  [/4080/, 'rtx4080'],
  [/4070-?ti-?super/, 'rtx4070tisuper'],
  [/5090/, 'rtx5090'],
  [/5080/, 'rtx5080'],
  [/3090/, 'rtx3090'],
  [/3060(?!-?(ti|laptop))/, 'rtx3060-12g'],
  [/\bt4\b|^g4dn\./, 't4'],
  [/v100.*32|^p3dn\./, 'v100-32g'],
  [/v100|^p3\./, 'v100-16g'],
];

/** Characters; a longer one is no GPU's, and would be searched for long. */
const LONGEST_NAME = 200;

/** The id in the catalogue of a GPU that somebody else named, or null; also for a slice of one (MIG), which has less. */
export function gpuNamed(name: string): string | null {
  if (name.length > LONGEST_NAME) return null;
  const joined = name.toLowerCase().replace(/[\s_]+/g, '-');
  if (/\bmig\b/.test(joined)) return null;
  return NAMES.find(([pattern]) => pattern.test(joined))?.[1] ?? null;
}
