import { dec, int, percent } from '../numbers.ts';
import type { CourseText } from '../text.ts';

/** Lessons on models and machines of more than one kind, in simplified Chinese. */
export const MACHINES = {
  'hybrid-groups': {
    title: '会遗忘的层',
    gist: '有些层只看最后的词元；它们有自己的块表。',
    text: [
      'gpt-oss-20b 有一半的层只看最后 128 个词元。更早的在那里不会再读，留着就是浪费。',
      'vLLM V1 把这样的层放进自己的组：KV 缓存组。每个组对一个请求各有一张块表，都从同一个池取块。窗口组的块落到窗口之后，就交还给池。',
      '一个请求在增长。128 个词元时两张表都有 8 块，每块 16 个槽，如图。',
    ],
    ask: '400 个词元时，有窗口的组占多少块？',
    unit: '块',
    result: (f) => `${int(f.numTokens)} 个词元时占 ${f.windowed} 块；看全部的层占 ${f.full} 块。`,
    reveal: (f) => [
      `有窗口的组只需要最后 ${int(f.window)} 个词元，窗口跨过块边界时多一块。它的表长度不变，前面是空位，所以仍用位置相除找到词元。`,
      `${int(f.long)} 个词元时，看全部的层占 ${int(f.longFull)} 块，有窗口的占 ${f.longWindowed} 块。因此对两倍这么长的请求，一块 H100 放得下 ${int(f.tokens)} 个词元；不分组（--disable-hybrid-kv-cache-manager）则是 ${int(f.tokensWithout)} 个。`,
    ],
    caption: '一个请求的两张块表。虚线的位置已经交还。',
    knob: { label: '词元', unit: (n) => `${n} 个词元` },
    question: '块被交还时，长对话在前缀缓存中失去什么？',
    answer: () =>
      '很少。开头相同的新请求在这些层里只需要共享部分的最后几块。它们在池中还可用就是命中；一旦被取走，所有层都只能命中更短的开头。',
  },
  'tensor-parallel': {
    title: '一张表，几块 GPU',
    gist: '张量并行时，每块 GPU 存每个块中一部分头的键和值。',
    text: [
      '模型可以切开放到几块 GPU 上：每块有一部分注意力头和每个权重的一片。这就是张量并行，TP。',
      '调度器仍是一个，块表仍是一张。块 7 在每块 GPU 上都是块 7，各自存自己那些头的键和值。所以一个块在每块 GPU 上更小。',
      'Llama 3.1 8B，24 GB 的 L4 卡。一块卡放得下权重，旁边还有一些词元的位置。',
    ],
    ask: '两块卡代替一块。块池放得下多少词元？',
    choices: { same: '一样多：表是同一张', times: '两倍', more: '两倍以上' },
    result: (f) =>
      `一块卡 ${int(f.tokensOne)} 个词元，${f.numGpus} 块卡 ${int(f.tokens)} 个：${dec(f.factor)} 倍。`,
    reveal: (f) => [
      `一个词元在每块卡上占 ${int(f.kib)} KiB，而不是 ${int(f.kibOne)}。权重也变小，从 ${dec(f.weightsOne)} 到 ${dec(f.weights)} GiB，留给块池的就更多。两者相乘。`,
      '没有白得的：每一层之后各卡都要交换结果，每一步都是。',
    ],
    caption: '每块卡上的权重和一个词元的键值，以及块池总共放得下的词元。',
    knob: { label: '卡', unit: (n) => `${n} 块卡` },
    question: 'GLM-4-9B 有两个键值头。TP 4 会让一个词元占的再减半吗？',
    answer: (f) =>
      `不会：一块卡 ${int(f.glmOne)} KiB，TP 2 是 ${int(f.glmTwo)}，TP 4 仍是 ${int(f.glmFour)}。头不能切开，所以存两份。`,
  },
  'mixture-of-experts': {
    title: '专家要占位置',
    gist: '专家很多，一个词元只用几个：它们放在哪里，给缓存剩下多少。',
    text: [
      '在混合专家模型里，每层有许多小网络，一个词元只经过其中几个：Qwen3-30B-A3B 是 128 个中的 8 个。是哪几个要等词元到了才知道，所以全部都要在显存里。',
      '四块 GPU 有两种分法。张量并行给每块每个专家的一片。专家并行（EP）给每块一些完整的专家：128 个中的 32 个。',
      'EP 时，专家受欢迎的 GPU 比别的更忙。vLLM 的负载均衡（EPLB）于是存放专家的副本。假设每层 16 个副本。',
    ],
    ask: '这时每块 GPU 存每层多少个专家？',
    unit: '个专家',
    result: (f) =>
      `(${f.numExperts} + ${f.copies}) ÷ ${f.ranks} = 每层 ${f.held} 个专家，还放得下 ${int(f.tokens)} 个词元。`,
    reveal: (f) => [
      `切片或整个，占的内存一样，每块 GPU ${dec(f.expertsGib)} GiB，尽管一个词元只用 ${f.numExperts} 个中的 ${f.active} 个。两种分法块池都放得下 ${int(f.tokensSliced)} 个词元。少激活几个专家省时间，不省内存。`,
      `有 ${f.copies} 个副本的均衡器剩下 ${int(f.tokens)} 个词元的位置，是前者的 ${percent(f.tokens / f.tokensWhole, 0)}。副本占的是缓存的位置，均衡器自己的表也是。`,
    ],
    caption: '一块 24 GB 的 GPU 中 vLLM 可用的内存，以及用在哪里。',
    knob: { label: '每层的副本', unit: (n) => (n === 0 ? '没有' : `${n} 个`) },
    question: 'vLLM 的文档中 256 个专家加 32 个副本放在 32 块 GPU 上。每块存多少个？',
    answer: (f) => `(256 + 32) ÷ 32 = ${f.heldOf288}。总数必须能被 GPU 的数目整除，否则 vLLM 拒绝。`,
  },
} satisfies Partial<CourseText['lessons']>;
