/** `--compilation-config.mode 3`, `-cc.pass_config.fuse_norm_quant=true`, `--hf-overrides.architectures+ A,B`. */
const DOTTED = /^(--?[A-Za-z][^.=]*)\.([^=]+?)(\+?)(?:=(.*))?$/s;
const DEEPEST = 20;

/** Without a prototype: no key of somebody else's means anything. */
type Tree = { [key: string]: unknown };

/**
 * Fields of JSON arguments that are given one by one, as V1 reads them: `--arg.a 1 --arg.b.c x` becomes
 * `--arg {"a":1,"b":{"c":"x"}}`, behind all other words.
 */
export function joinDotted(words: readonly string[]): string[] {
  const others: string[] = [];
  const trees = new Map<string, Tree>();
  for (let i = 0; i < words.length; i++) {
    const [, written, path, isList, attached] = DOTTED.exec(words[i]) ?? [];
    const keys = path?.split('.') ?? [];
    const text = attached ?? words[i + 1];
    if (written === undefined || text === undefined || keys.length > DEEPEST) {
      others.push(words[i]);
      continue;
    }
    if (attached === undefined) i++;
    const name = written.replaceAll('_', '-');
    const tree = trees.get(name) ?? Object.create(null);
    trees.set(name, tree);
    put(tree, keys, isList ? text.split(',') : jsonOrText(text));
  }
  return [...others, ...[...trees].flatMap(([name, tree]) => [name, JSON.stringify(tree)])];
}

/** Lists grow, all else is replaced. */
function put(tree: Tree, [key, ...inner]: readonly string[], value: unknown): void {
  const before = tree[key];
  if (inner.length > 0) {
    const branch = isTree(before) ? before : Object.create(null);
    tree[key] = branch;
    put(branch, inner, value);
  } else {
    tree[key] = Array.isArray(before) && Array.isArray(value) ? [...before, ...value] : value;
  }
}

function isTree(value: unknown): value is Tree {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === null;
}

/** As JSON if it is that, else as text. */
function jsonOrText(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
