import { expect, test } from 'vitest';
import { dockerGib, kubernetesGib } from '../../../../sim/scenario/deployment/sizes.ts';

test.each([
  ['1073741824', 1],
  ['512m', 0.5],
  ['64g', 64],
  ['2T', 2048],
  ['1.5GiB', 1.5],
  ['1048576k', 1],
  ['64 pounds', null],
])('docker’s %s is %d GiB', (size, expected) => {
  expect(dockerGib(size)).toBe(expected);
});

test.each([
  ['1073741824', 1],
  ['512Mi', 0.5],
  ['64Gi', 64],
  ['2Ti', 2048],
  ['1048576Ki', 1],
  ['64G', 64e9 / 2 ** 30],
  ['1T', 1e12 / 2 ** 30],
  ['64GB', null],
])('Kubernetes’ %s is %d GiB', (quantity, expected) => {
  expect(kubernetesGib(quantity)).toBe(expected);
});
