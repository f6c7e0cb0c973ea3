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
  'full-is-bad': {
    claim: '没有空块的池就是满的，请求必须等待',
    source: '把缓存的块算作已用的仪表盘',
    predicts: '几乎没有空块时，请求在等块。',
    found: (f) =>
      `${int(f.numSteps)} 步中有 ${int(f.full)} 步，空块少于一个提示词需要的 ${f.prompt} 块；其余都还存着已结束的文本。其中有人等块的步数：${int(f.waits)}。没人占用就是空闲，不管空不空。`,
  },
  flush: {
    claim: '不时清空前缀缓存能清理碎片，让 vLLM 更快',
    source: '一篇 GLM-4.7-Flash 指南（POST /flush_cache 并不存在；真正的是 /reset_prefix_cache）',
    predicts: '每五秒清空一次，首个词元来得更早。',
    found: (f) =>
      `命中从 ${percent(f.hits)} 降到 ${percent(f.hitsEmptied)}，首个词元平均要 ${dec(f.firstMsEmptied)} 毫秒，而不是 ${dec(f.firstMs)}。缓存的块本来就是空闲的。`,
  },
  'swap-for-bursts': {
    claim: '更大的 --swap-space 能让 vLLM 扛过显存放不下的突发',
    source: '一篇 GLM-4.5V 指南',
    predicts: '有压力时，块被换出。',
    found: (f) =>
      `抢占 ${int(f.numPreemptions)} 次，换出 ${int(f.swapped)} 块，vLLM 0.6.3 有 8 GiB 交换空间：只有一个回答的请求一律重算，除非 --preemption-mode 另有说明。今天的 vLLM 从不换出。`,
  },
  'utilization-is-work': {
    claim: 'GPU 空闲时，提高 gpu_memory_utilization',
    source: '一篇 GLM-4.5V 指南',
    predicts: '用 0.95 代替 0.85，清闲的服务器每秒写出更多词元。',
    found: (f) =>
      `0.85 时每秒 ${dec(f.low)} 个词元，0.95 时 ${dec(f.high)} 个。它是内存的比例，不是工作的比例。`,
  },
  'pool-size': {
    claim: '--max-model-len 和 --block-size 决定 KV 缓存的大小',
    source: '一篇讲显存不足的指南（GLM-4#121）',
    predicts: '长度或块变为四倍，缓存大小会变。',
    found: (f) =>
      `4,096 词元、块大小 16 时 ${dec(f.gib, 2)} GiB；16,384 词元时 ${dec(f.longer, 2)}；块大小 64 时 ${dec(f.larger, 2)}。块池拿走剩下的全部。`,
  },
  float16: {
    claim: 'float16 比 bfloat16 略省内存',
    source: '一篇讲显存不足的指南（GLM-4#121）',
    predicts: '权重更小，或者放得下更多词元。',
    found: (f) =>
      `两者的权重都是 ${dec(f.weights, 2)} GiB；词元 ${int(f.tokens)} 个和 ${int(f.tokensBrain)} 个。都是两个字节。`,
  },
  'sixteen-kilobytes': {
    claim: '一块是 16 KB',
    source: '一篇 GLM-4.7-Flash 指南',
    predicts: '每个模型的块都是 16 KB。',
    found: (f) =>
      `16 个词元的块，Llama 3.1 8B 占 ${int(f.llama)} KiB，Qwen2.5 0.5B 占 ${int(f.small)} KiB。16 说的是词元。`,
  },
  'every-card-a-copy': {
    claim: '多块 GPU 上参数会存多份',
    source: '一篇 LLaMA-Factory 指南',
    predicts: 'TP 2 时每块卡都存全部权重。',
    found: (f) => `一块卡 ${dec(f.one)} GiB，两块卡时每块 ${dec(f.each)} GiB。`,
  },
  'cards-balance': {
    claim: 'vLLM 在各卡之间平衡内存',
    source: '一篇 LLaMA-Factory 指南',
    predicts: '两块卡中一块被占 6 GiB，比两块都被占时放得下更多。',
    found: (f) =>
      `一块被占时 ${int(f.oneShared)} 个词元，两块都被占 ${int(f.bothShared)} 个，都不被占 ${int(f.none)} 个。每块卡留出自己的那一份，这里是 70 %，块数都一样：卡之间什么也不移动。`,
  },
  'override-zero': {
    claim: '--num-gpu-blocks-override 0 表示自动',
    source: '一篇 GLM-4.5V 指南',
    predicts: 'vLLM 启动并自己算出块数。',
    found: () => '它把 0 当真，拒绝启动：没有给缓存的内存。不写这个参数才是自动。',
  },
  'expert-cache-flag': {
    claim: '--enable-expert-cache 省去大部分路由计算',
    source: '一篇 GLM-4.7-Flash 指南',
    predicts: 'vLLM 认识这个参数。',
    found: () => 'unrecognized arguments：这个参数从未存在过，vLLM 直接退出。',
  },
  'host-memory': {
    claim: '主机内存要有模型显存的 1.5 倍',
    source: '一篇 GLM-4-9b-chat 指南（GLM-4#117）',
    predicts: '10 GiB 的容器太小。',
    found: (f) =>
      `它能启动，${int(f.limit)} GiB 对 ${dec(f.weights)} GiB 的权重：权重读自映射的文件，主机可以收回这些页。`,
  },
  'above-95': {
    claim: '显存占用超过 95 % 的卡有毛病：应重启服务',
    source: '一篇 GLM-4.7-Flash 指南',
    predicts: '出了问题才会占这么多。',
    found: (f) =>
      `--gpu-memory-utilization 0.97 时，第一个请求之前就占了 ${percent(f.taken)}，其中 ${dec(f.cache)} GiB 是还空着的缓存。`,
  },
};
