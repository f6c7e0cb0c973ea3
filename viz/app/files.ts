import { InputError } from '../../sim/error.ts';
import { decodeRecording } from '../../sim/recording/codec.ts';
import type { Recording } from '../../sim/recording/recording.ts';
import { byId } from '../dom.ts';
import { t } from '../text/text.ts';
import { showMessage, showProblems } from './message.ts';
import { isCourse } from './rooms.ts';

/** Larger files are refused before they are read. */
const MAX_FILE_BYTES = 1024 * 1024 * 1024;

export interface FileHandlers {
  scenario(text: string, file: string): void;
  recording(recording: Recording): void;
}

/** Files that come by button, by drag and drop or by paste. Nothing leaves the page. */
export function listenForFiles(handlers: FileHandlers): void {
  const open = (files: FileList | undefined | null) => {
    const [file] = files ?? [];
    if (file && !isCourse()) void openFile(file, handlers);
  };
  const input = byId<HTMLInputElement>('file');
  byId('open').addEventListener('click', () => input.click());
  input.addEventListener('change', () => {
    open(input.files);
    input.value = '';
  });
  const hint = byId('drop-hint');
  document.addEventListener('dragover', (event) => {
    event.preventDefault();
    hint.hidden = isCourse();
  });
  document.addEventListener('dragleave', (event) => {
    if (event.relatedTarget === null) hint.hidden = true;
  });
  document.addEventListener('drop', (event) => {
    event.preventDefault();
    hint.hidden = true;
    open(event.dataTransfer?.files);
  });
  document.addEventListener('paste', (event) => {
    if (isCourse() || (event.target as Element).closest('textarea, input') !== null) return;
    const text = event.clipboardData?.getData('text/plain') ?? '';
    if (event.clipboardData?.files.length) open(event.clipboardData.files);
    else if (text.trim() !== '') handlers.scenario(text, 'pasted.pool.yaml');
  });
}

async function openFile(file: File, handlers: FileHandlers): Promise<void> {
  if (file.size > MAX_FILE_BYTES) {
    const { cannotOpen, tooLarge } = t().messages;
    showMessage(cannotOpen, [tooLarge(file.name, MAX_FILE_BYTES / 1024 / 1024)]);
    return;
  }
  if (/\.(ya?ml|json)$/i.test(file.name)) {
    handlers.scenario(await file.text(), file.name);
    return;
  }
  try {
    handlers.recording(decodeRecording(new Uint8Array(await file.arrayBuffer()), file.name));
  } catch (error) {
    if (error instanceof InputError) showProblems(error.problems);
    else showMessage(t().messages.cannotOpen, [t().messages.nonsense(file.name), String(error)]);
  }
}
