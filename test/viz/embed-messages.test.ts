import fc from 'fast-check';
import { expect, test } from 'vitest';
import { messageOf } from '../../viz/app/embed-messages.ts';
import { embedCode } from '../../viz/share/embed-code.ts';

test('messages are told by their shape', () => {
  const seek = { poolscope: 1, type: 'seek', step: 7 };
  expect(messageOf(seek)).toEqual({ type: 'seek', step: 7 });
  expect(messageOf({ poolscope: 1, type: 'play', more: 'is dropped' })).toEqual({ type: 'play' });
  expect(messageOf({ poolscope: 1, type: 'request', request: null })).toEqual({
    type: 'request',
    request: null,
  });
});

test.each([
  null,
  'seek',
  { type: 'seek', step: 7 },
  { poolscope: 2, type: 'play' },
  { poolscope: 1, type: 'seek' },
  { poolscope: 1, type: 'seek', step: '7' },
  { poolscope: 1, type: 'seek', step: Number.NaN },
  { poolscope: 1, type: 'mode', mode: 3 },
  { poolscope: 1, type: 'request', request: ['r7'] },
  { poolscope: 1, type: 'constructor' },
])('%j is no message', (data) => {
  expect(messageOf(data)).toBeNull();
});

test('whatever comes, it is a message of a known type or none', () => {
  const types = ['seek', 'play', 'pause', 'state?', 'mode', 'request'];
  fc.assert(
    fc.property(
      fc.record({
        poolscope: fc.constant(1),
        type: fc.oneof(fc.constantFrom(...types), fc.anything()),
        step: fc.anything(),
      }),
      (data) => {
        const message = messageOf(data);
        expect(message === null || types.includes(message.type)).toBe(true);
      },
    ),
  );
});

test('the code to copy holds a name as text', () => {
  expect(embedCode('https://x/#/embed?s=1.A', '"><script>', 900, Number.NaN)).toBe(
    '<iframe src="https://x/#/embed?s=1.A" title="Poolscope: &quot;>&lt;script>" width="900" loading="lazy"></iframe>',
  );
});
