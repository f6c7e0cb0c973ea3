/** The course is shown, and not the playground. */
export function isCourse(): boolean {
  return document.body.dataset.room === 'learn';
}
