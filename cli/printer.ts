import { appendFileSync, writeFileSync } from 'node:fs';
import { InputError } from '../sim/error.ts';

/** Prints to stdout, or into a file that is emptied first. */
export function printerOf(output: string | undefined): (text: string | undefined) => void {
  if (output === undefined) {
    return (text) => {
      if (text) console.log(text);
    };
  }
  const attempt = (write: () => void) => {
    try {
      write();
    } catch (error) {
      throw new InputError([{ file: output, message: `cannot be written: ${(error as Error).message}` }]);
    }
  };
  attempt(() => writeFileSync(output, ''));
  return (text) => {
    if (text) attempt(() => appendFileSync(output, `${text}\n`));
  };
}
