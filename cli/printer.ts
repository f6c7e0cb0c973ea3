import { appendFileSync, writeFileSync } from 'node:fs';
import { writing } from './files.ts';

/** Prints to stdout, or into a file that is emptied first. */
export function printerOf(output: string | undefined): (text: string | undefined) => void {
  if (output === undefined) {
    return (text) => {
      if (text) console.log(text);
    };
  }
  writing(output, () => writeFileSync(output, ''));
  return (text) => {
    if (text) writing(output, () => appendFileSync(output, `${text}\n`));
  };
}
