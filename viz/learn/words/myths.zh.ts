import { dec, int, percent } from '../numbers.ts';
import type { CourseText } from '../text.ts';

/** What people say, in simplified Chinese. */
export const MYTHS: CourseText['myths'] = {
  gaps: {
    claim: '有空隙的池就是碎片化：最长空闲段必须保持在 100 块以上',
    source: '一篇 GLM-4.7-Flash 指南；kvcache-view 把分页画成 “fragmented memory with gaps”',
    predicts: '最长空闲段变短时，请求失败或被抢占。',
    found: (f) =>
      `最长空闲段降到 ${f.shortest} 块。${int(f.total)} 个请求完成 ${int(f.finished)} 个，抢占 ${f.numPreemptions} 次。`,
  },
  'no-waste': {
    claim: '分页没有内部碎片',
    source: 'AI-Experiri/llm-lab，SystemsPage.svelte',
    predicts: '占用的槽没有一个是空的。',
    found: (f) => `块大小 16、短请求时，${percent(f.internal)} 的内存占着却空着：最后一块的末尾。`,
  },
  'larger-blocks': {
    claim: '更大的块减少碎片',
    source: '一篇 GLM-4.7-Flash 指南',
    predicts: '块大小 64 比 16 空着的内存更少。',
    found: (f) => `空着的：16 时 ${percent(f.small)}，64 时 ${percent(f.large)}。`,
  },
  'cache-fragments': {
    claim: '前缀缓存使内存碎片化，直到耗尽',
    source: 'vllm#15446 中的一条评论',
    predicts: '开启前缀缓存时，请求失败，或者空闲块足够却仍在等待。',
    found: (f) =>
      `${int(f.total)} 个请求完成 ${int(f.finished)} 个。空闲块足够而队列仍在等待的步数：${int(f.refused)}。开启缓存用 ${int(f.seconds)} 秒，关闭用 ${int(f.secondsWithout)} 秒。共享使最多 ${int(f.most)} 个请求同时运行，而不是 ${int(f.mostWithout)} 个，因此抢占更多：${int(f.preemptions)} 次而不是 ${int(f.preemptionsWithout)} 次。但池在启动时一次取定。之后耗尽内存的是 PyTorch 的分配器，那是另一层。`,
  },
  utilization: {
    claim: '更高的 gpu_memory_utilization 减少碎片',
    source: '常常听到；vLLM 自己的警告只说它给出更多缓存',
    predicts: '池大一倍时，占着却空着的比例更小。',
    found: (f) => `小池 ${percent(f.small, 2)}，大一倍的池 ${percent(f.large, 2)}。块更多，比例不变。`,
  },
  'hard-limit': {
    claim: '“Maximum concurrency: 4.61x” 就是能同时运行的请求数',
    source: 'vllm#8031、vllm#27017、vllm#14350',
    predicts: '同时运行的不会更多。',
    found: (f) => `日志说 ${dec(f.said, 2)}x，指的是 8,192 词元的请求。短请求同时运行了 ${int(f.ran)} 个。`,
  },
  'max-tokens': {
    claim: '接纳时就为 max_tokens 保留内存',
    source: 'vllm#27017 中的一个问题',
    predicts: '最多可达 121 个词元的请求一开始就占全部的块。',
    found: (f) => `它一开始占 ${f.blocks} 块，而不是 ${f.wanted} 块。`,
  },
  'largest-evicted': {
    claim: 'vLLM 驱逐最大的请求',
    source: 'Inference-Playground 的引擎',
    predicts: '三个请求中块最多的那个被抢占。',
    found: (f) => `被抢占的是最新的，它有 ${f.lost} 块。最大的有 ${f.oldest} 块，全部保留。`,
  },
  'more-at-once': {
    claim: '更高的 --max-num-seqs 带来更高的吞吐',
    source: '调优指南；后果见 Tandemn#11',
    predicts: '128 比 64 每秒多 5 % 以上的词元。',
    found: (f) => `每秒 ${int(f.more)} 和 ${int(f.most)} 个词元，128 时抢占 ${int(f.preemptionsMost)} 次。`,
  },
};
