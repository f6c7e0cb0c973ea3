import { type ScenarioSource, toFragment } from '../../sim/share/fragment.ts';

/** The address of a run in the playground, with others to be compared with it. */
export function playLink(scenario: ScenarioSource, others: readonly ScenarioSource[] = []): string {
  const scene = others.length > 0 ? 'compare' : 'blocks';
  return toFragment('play', { scenario, step: 0, mode: 'request', request: null, scene, others });
}
