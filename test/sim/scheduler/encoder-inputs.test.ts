import { describe, expect, test } from 'vitest';
import { Drive, type Request } from './drive.ts';

/*
 * Images in prompts. The first two are vLLM's own unit tests (tests/v1/core/test_scheduler.py:
 * test_schedule_partial_requests, test_no_mm_input_chunking), the others protect what its code does.
 */

const image = (name: string, offset: number, length: number) => [name, offset, length] as const;
/** A prompt of 800 tokens of which 600 are the placeholders of an image. */
const withImage = (id: string): Request => ({
  id,
  prompt: [
    [`before ${id}`, 0, 100],
    [`image ${id}`, 0, 600],
    [`after ${id}`, 0, 100],
  ],
  images: [image(`image ${id}`, 100, 600)],
});
const ROOMY = { blocks: 4000, maxNumBatchedTokens: 8192, maxModelLen: 4096, blockSize: 16 };
const budget = (computeBudget: number, cacheSize = computeBudget, disableChunkedMmInput = false) => ({
  encoder: { computeBudget, cacheSize, disableChunkedMmInput },
});

test('an image is encoded whole: without budget for it a prompt is computed up to just before it', () => {
  const requests = ['a', 'b', 'c'].map(withImage);
  const drive = new Drive({ ...ROOMY, ...budget(1024), requests }).add('a', 'b', 'c');
  expect(drive.step()).toEqual([
    ['a', 800],
    ['b', 100],
    ['c', 100],
  ]);
  // c cannot compute anything, and is passed over: it does not end the pass.
  expect(drive.step()).toEqual([
    ['a', 1],
    ['b', 700],
  ]);
  expect(drive.step()).toEqual([
    ['a', 1],
    ['b', 1],
    ['c', 700],
  ]);
});

test('with disable_chunked_mm_input a chunk ends before an image that it would cut', () => {
  const requests: Request[] = [
    {
      id: 'a',
      prompt: [
        ['text', 0, 400],
        ['image', 0, 800],
      ],
      images: [image('image', 400, 800)],
    },
  ];
  const setup = { ...ROOMY, maxNumBatchedTokens: 1024, requests };
  const drive = new Drive({ ...setup, ...budget(1024, 1024, true) }).add('a');
  expect(drive.step()).toEqual([['a', 400]]);
  expect(drive.step()).toEqual([['a', 800]]);
  const chunking = new Drive({ ...setup, ...budget(1024) }).add('a');
  expect(chunking.step()).toEqual([['a', 1024]]);
});

describe('the encoder cache', () => {
  const sameImage = (id: string): Request => ({
    id,
    prompt: [
      [`text ${id}`, 0, 16],
      ['same', 0, 64],
      [`more ${id}`, 0, 16],
    ],
    images: [image('same', 16, 64)],
  });

  test('a request whose image another one had encoded spends no budget', () => {
    const requests = ['a', 'b', 'c'].map(sameImage);
    const drive = new Drive({ ...ROOMY, ...budget(64), requests }).add('a', 'b', 'c');
    expect(drive.step()).toEqual([
      ['a', 96],
      ['b', 96],
      ['c', 96],
    ]);
  });

  test('an image stays after its request has passed it, until its room is needed: the longest unused goes', () => {
    const requests = [
      sameImage('a'),
      withImageOf('b', 'other', 64),
      sameImage('c'),
      withImageOf('d', 'third', 64),
    ];
    const drive = new Drive({ ...ROOMY, ...budget(64, 128), requests });
    const { cache } = drive.scheduler.encoderInputs!;
    drive.add('a').step();
    expect([cache.numFreeSlots, cache.numFreeableSlots]).toEqual([64, 128]);
    drive.add('b').step();
    expect([cache.numFreeSlots, cache.numFreeableSlots]).toEqual([0, 128]);
    // c finds the image of a, which makes that of b the longest unused.
    drive.add('c').step();
    drive.add('d').step();
    expect(cache.holds(drive.content('same'))).toBe(true);
    expect(cache.holds(drive.content('other'))).toBe(false);
  });

  test('an image is kept until its step has run: with async scheduling the next step has no room yet', () => {
    const requests = [sameImage('a'), withImageOf('b', 'other', 64)];
    const drive = new Drive({ ...ROOMY, ...budget(64), asyncScheduling: true, requests });
    expect(drive.add('a').schedule()).toEqual([['a', 96]]);
    expect(drive.add('b').schedule()).toEqual([['a', 1]]);
    drive.update();
    expect(drive.schedule()).toEqual([
      ['a', 1],
      ['b', 80],
    ]);
  });

  test('a refused admission lets go of the images that it had found', () => {
    const requests = [sameImage('a'), { ...sameImage('b'), outputs: 1 }];
    const drive = new Drive({ ...ROOMY, blocks: 8, blockSize: 16, ...budget(64), requests });
    const { cache } = drive.scheduler.encoderInputs!;
    drive.add('a', 'b').step();
    expect(drive.running).toEqual(['a']);
    expect(cache.numFreeableSlots).toBe(64);
  });
});

function withImageOf(id: string, segment: string, length: number): Request {
  return {
    id,
    prompt: [
      [segment, 0, length],
      [`text ${id}`, 0, 16],
    ],
    images: [image(segment, 0, length)],
  };
}

test('an image that the prefix cache covers is not encoded', () => {
  const requests = ['a', 'b'].map((id) => ({
    id,
    prompt: [
      ['seen', 0, 64],
      ['text', 0, 32],
    ] as Request['prompt'],
    images: [image('seen', 0, 64)],
  }));
  const drive = new Drive({ ...ROOMY, ...budget(64), requests }).add('a');
  drive.step();
  const { cache } = drive.scheduler.encoderInputs!;
  expect(cache.numFreeSlots).toBe(0);
  cache.reset();
  drive.add('b').step();
  expect(drive.running).toEqual(['a', 'b']);
  expect(cache.numFreeSlots).toBe(64);
});

test('requests of a step share the budget; a prefix hit into an image without budget computes nothing', () => {
  const shared = {
    prompt: [
      ['head', 0, 16],
      ['img', 0, 64],
      ['tail', 0, 16],
    ] as Request['prompt'],
  };
  const requests = [
    { id: 'a', ...shared, images: [image('img', 16, 64)] },
    withImageOf('b', 'big', 60),
    { id: 'c', ...shared, images: [image('img', 16, 64)] },
  ];
  const drive = new Drive({ ...ROOMY, blockSize: 8, ...budget(64), requests }).add('a');
  drive.step();
  drive.scheduler.encoderInputs!.cache.reset();
  // b takes 60 of 64; c hits 88 tokens, beyond its image, and needs none of the encoder.
  drive.add('b', 'c');
  expect(drive.step()).toEqual([
    ['a', 1],
    ['b', 76],
    ['c', 8],
  ]);
});
