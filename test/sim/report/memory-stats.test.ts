import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { plan } from '../../../sim/memory/planner.ts';
import { Cursor } from '../../../sim/recording/cursor.ts';
import { MEMORY_FIELDS } from '../../../sim/report/memory-fields.ts';
import { freeRuns, memoryStats } from '../../../sim/report/memory-stats.ts';
import { parseScenario } from '../../../sim/scenario/parse.ts';
import { simulateScenario } from '../../../sim/simulate-scenario.ts';

const HELLO = readFileSync(new URL('../../../scenarios/hello.pool.yaml', import.meta.url), 'utf8');

function startedHello() {
  const { plan: planned, recording } = simulateScenario(parseScenario(HELLO, 'hello'));
  if (recording === null) throw new Error('it starts');
  return { planned, recording };
}

describe('memory_stats', () => {
  test('of an idle server: all blocks free but the one that V1 keeps, in one run', () => {
    const planned = plan(parseScenario(HELLO, 'hello'));
    if (!planned.starts) throw new Error(planned.message);
    const { pool, fragmentation } = memoryStats(planned);
    // 32 layers × 2 × 8 heads × 128 × 2 bytes × 16 tokens: not the 16 KB of a guide.
    expect(pool).toEqual({
      gpu_cache_usage: 0,
      free_blocks: 63,
      largest_free_block: 63,
      block_size_bytes: 2_097_152,
    });
    expect(fragmentation.pool_internal_waste_bytes).toBe(0);
  });

  test('under load the longest run is short whatever is free, and the pool wastes only the ends of requests', () => {
    const { planned, recording } = startedHello();
    const cursor = new Cursor(recording);
    let shortRuns = 0;
    for (let step = 1; step < cursor.numSteps; step += 5) {
      cursor.seek(step);
      const { pool, fragmentation } = memoryStats(planned, cursor);
      expect(pool.free_blocks).toBe(cursor.numFree);
      expect(pool.gpu_cache_usage).toBeCloseTo(1 - cursor.numFree / 63, 12);
      expect(fragmentation.pool_internal_waste_bytes).toBeLessThanOrEqual(
        cursor.numRunning * pool.block_size_bytes,
      );
      if (pool.largest_free_block < pool.free_blocks) shortRuns++;
    }
    expect(shortRuns).toBeGreaterThan(10);
  });

  test('while serving, the allocator is as the steps so far have left it', () => {
    const command = 'vllm serve Qwen/Qwen3-30B-A3B --tensor-parallel-size 4 --max-model-len 8192';
    const workload = { 'num-prompts': 4, 'random-input-len': 6000, 'random-output-len': 4 };
    const text = { version: 1, command, hardware: { gpu: 'rtx4090', count: 4 }, workload };
    const { plan: planned, recording } = simulateScenario(parseScenario(JSON.stringify(text), 's.json'));
    if (recording === null) throw new Error('it starts');
    const cursor = new Cursor(recording);
    const idle = memoryStats(planned).allocator;
    expect(memoryStats(planned, cursor).allocator).toEqual(idle);
    cursor.seek(recording.numSteps);
    const { allocator, fragmentation } = memoryStats(planned, cursor);
    const [{ changes }] = recording.header.allocators ?? [];
    const last = changes.reservedBytes.length - 1;
    expect(last).toBeGreaterThan(0);
    for (const stats of allocator) {
      expect(stats['reserved_bytes.all.current']).toBe(changes.reservedBytes[last]);
      expect(stats['allocated_bytes.all.current']).toBe(idle[0]['allocated_bytes.all.current']);
    }
    expect(fragmentation.allocator_inactive_split_bytes).toBe(changes.inactiveSplitBytes[last]);
  });

  test('every number is explained, on both sides', () => {
    const { planned } = startedHello();
    const { pool, allocator, fragmentation, fields } = memoryStats(planned);
    const names = [...Object.keys(pool), ...Object.keys(allocator[0]), ...Object.keys(fragmentation)];
    for (const name of names.filter((name) => name !== 'rank')) {
      expect(fields[name]?.means, name).toMatch(/\.$/);
      expect(fields[name]?.doesNotMean, name).toMatch(/\.$/);
    }
    const docs = readFileSync(new URL('../../../docs/memory-stats.md', import.meta.url), 'utf8');
    for (const [name, { means, doesNotMean }] of Object.entries(MEMORY_FIELDS)) {
      expect(docs).toContain(`| \`${name}\` | ${means} | ${doesNotMean} |`);
    }
  });
});

test('the longest run, against a search of all runs', () => {
  fc.assert(
    fc.property(fc.array(fc.boolean(), { maxLength: 40, size: 'max' }), (free) => {
      const runs = free.map((_, start) => {
        const end = free.indexOf(false, start);
        return (end < 0 ? free.length : end) - start;
      });
      expect(freeRuns(free.length, (block) => free[block])).toEqual({
        numFree: free.filter(Boolean).length,
        longest: Math.max(0, ...runs),
      });
    }),
  );
});
