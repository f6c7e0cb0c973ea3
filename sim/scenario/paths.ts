/**
 * A path that a scenario names, normalised, relative to the scenario's folder.
 * @returns null if it is absolute or leads out of the folder.
 */
export function resolvePath(path: string): string | null {
  if (path.includes('\0') || /^([\\/]|[a-zA-Z]:|~)/.test(path)) return null;
  const parts: string[] = [];
  for (const part of path.split(/[\\/]/)) {
    if (part === '' || part === '.') continue;
    if (part !== '..') parts.push(part);
    else if (parts.pop() === undefined) return null;
  }
  return parts.length === 0 ? null : parts.join('/');
}
