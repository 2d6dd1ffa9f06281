import { expect, it } from 'vitest';
import {
  bufferText,
  giveBackBuffer,
  takeBuffer,
  writeAscii,
  writeMark,
  writePlainString,
  writeUtf8,
} from './text-buffer.ts';

it('writes marks, ASCII, plain strings and any other text in order', () => {
  const buffer = takeBuffer();
  writeMark(buffer, 0x5b);
  writeAscii(buffer, '12');
  expect(writePlainString(buffer, 'a b~')).toBe(true);
  writeUtf8(buffer, 'é😀');
  expect(bufferText(buffer)).toBe('[12"a b~"é😀');
  expect(buffer.length).toBe(15);
  giveBackBuffer(buffer);
});

it.each(['"', '\\', '\u001f', '\u007f', 'é', 'plain until "'])(
  'writes nothing of %j, which is not its own JSON form',
  (text) => {
    const buffer = takeBuffer();
    writeAscii(buffer, 'x');
    expect(writePlainString(buffer, text)).toBe(false);
    writeAscii(buffer, 'y');
    expect(bufferText(buffer)).toBe('xy');
    giveBackBuffer(buffer);
  },
);

it('grows, whatever is written, and keeps what was written before', () => {
  const long = 'x'.repeat(10_000);
  const buffer = takeBuffer();
  for (let round = 0; round < 5; round += 1) {
    writeAscii(buffer, long);
    writePlainString(buffer, long);
    writeUtf8(buffer, '世'.repeat(10_000));
  }
  expect(bufferText(buffer)).toBe(`${long}"${long}"${'世'.repeat(10_000)}`.repeat(5));
  const full = takeBuffer();
  const { length } = full.bytes;
  for (let index = 0; index <= length; index += 1) writeMark(full, 0x2c);
  expect(bufferText(full)).toBe(','.repeat(length + 1));
});

it.each([0, 1, 2, 3, 4])(
  'writes a text whole that ends %i bytes from the end of its buffer',
  (left) => {
    for (const write of [writeAscii, writePlainString, writeUtf8]) {
      const buffer = takeBuffer();
      const before = 'x'.repeat(buffer.bytes.length - 8);
      writeAscii(buffer, before);
      const text = 'y'.repeat(8 - left);
      write(buffer, text);
      const quote = write === writePlainString ? '"' : '';
      expect(bufferText(buffer)).toBe(`${before}${quote}${text}${quote}`);
      giveBackBuffer(buffer);
    }
  },
);

it('keeps a small buffer for the next text and drops a large one', () => {
  const small = takeBuffer();
  giveBackBuffer(small);
  const again = takeBuffer();
  expect(again.bytes).toBe(small.bytes);
  expect(again.length).toBe(0);
  const other = takeBuffer();
  expect(other.bytes).not.toBe(again.bytes);
  writeAscii(again, 'x'.repeat(100_000));
  giveBackBuffer(other);
  giveBackBuffer(again);
  expect(takeBuffer().bytes).toBe(other.bytes);
});
