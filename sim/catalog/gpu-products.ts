/**
 * GPUs as clusters call them: labels of NVIDIA's GPU operator (`nvidia.com/gpu.product`), of GKE, and instance types of
 * AWS, Azure and Google Cloud. The first that matches counts.
 */
const PRODUCTS: readonly (readonly [pattern: RegExp, gpu: string])[] = [
  [/h200|^p5en?\./, 'h200'],
  [/b200|^p6-b200/, 'b200'],
  [/h100.*nvl/, 'h100-nvl'],
  [/h100.*pcie/, 'h100-pcie'],
  [/h100|^p5\.|^a3-/, 'h100-sxm'],
  [/a100.*pcie.*40/, 'a100-40g-pcie'],
  [/a100.*pcie|nc\d+ads_a100/, 'a100-80g-pcie'],
  [/a100.*40|tesla-a100|^p4d\.|^a2-highgpu/, 'a100-40g-sxm'],
  [/a100|^p4de\.|^a2-ultragpu/, 'a100-80g-sxm'],
  [/l40s|^g6e\./, 'l40s'],
  [/(^|[^\w])l4($|[^\w])|^g6\.|^g2-/, 'l4'],
  [/rtx-?a6000/, 'a6000'],
  [/rtx-?6000-ada/, 'rtx6000ada'],
  [/rtx-?pro-?6000/, 'rtxpro6000'],
  [/a10g?($|[^\w])|^g5\./, 'a10'],
  [/(^|[^\w])a40($|[^\w])/, 'a40'],
  [/4090-?d/, 'rtx4090d'],
  [/4090/, 'rtx4090'],
  [/3090/, 'rtx3090'],
  [/5090/, 'rtx5090'],
  [/(^|[^\w])t4($|[^\w])|^g4dn\./, 't4'],
  [/v100.*32|^p3dn\./, 'v100-32g'],
  [/v100|^p3\./, 'v100-16g'],
];

/** The GPU of the catalogue behind a cluster's name for it, or null. */
export function gpuOfProduct(product: string): string | null {
  const name = product.toLowerCase();
  return PRODUCTS.find(([pattern]) => pattern.test(name))?.[1] ?? null;
}
