import type { Recording } from '../../sim/recording/recording.ts';
import type { Moment } from '../../sim/report/moments/moment.ts';

/** As momentText (sim/report/moments), in simplified Chinese. */
export function momentTextInChinese(recording: Recording, moment: Moment): { title: string; text: string } {
  const { facts: f, request, step, lastStep } = moment;
  const name = request === null ? '某个请求' : recording.requestIds[request];
  const unit = recording.header.contiguous === undefined ? '块' : '槽';
  const steps = lastStep === step ? `第 ${step} 步` : `第 ${step} 到 ${lastStep} 步`;
  switch (moment.kind) {
    case 'shortage':
      return {
        title: `${unit}第一次不够`,
        text: `${f.running} 个请求在运行，${f.waiting} 个在等待，${f.blocks} 个${unit}中空闲 ${f.free} 个：对下一个来说太少。全程 ${f.numSteps} 步中有 ${f.short} 步有人在等${unit}。`,
      };
    case 'blocked':
      return {
        title: '队列停住了',
        text: `${steps}，共 ${f.seconds.toFixed(2)} 秒，没有接纳任何请求。开始时排在最前的是 ${name}；最多有 ${f.waiting} 个请求在等待。`,
      };
    case 'storm':
      return {
        title: '抢占风暴',
        text: `${steps}，${f.requests} 个请求被抢占 ${f.preemptions} 次，第一个是 ${name}。${f.lostTokens > 0 ? `放弃了 ${f.lostTokens} 个算好的词元。` : ''}重新运行之前最长等了 ${f.longest.toFixed(2)} 秒。`,
      };
    case 'evicted':
      return {
        title: '被驱逐的还有人要',
        text: `${steps}，${f.blocks} 块失去缓存的内容，后来要重新计算：${f.tokens} 个词元，最早在第 ${f.againStep} 步。${f.hits > 0 ? `此前请求从缓存得到过它们 ${f.hits} 次。` : ''}`,
      };
    case 'crash':
      return { title: '引擎停止运行', text: recording.header.crash?.explanation ?? '无法继续。' };
    case 'hang':
      return { title: '一切都不再前进', text: '有请求在等待，却永远不可能被调度。' };
    case 'fullest':
      return {
        title: '最满的时刻',
        text: `从来没有人等${unit}，也没有人排队。最满时 ${f.running} 个请求在运行，${f.blocks} 个${unit}中空闲 ${f.free} 个。`,
      };
  }
}
