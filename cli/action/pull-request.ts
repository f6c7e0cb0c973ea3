import { existsSync, readFileSync } from 'node:fs';

/** Hidden in the comment, so that the next run finds it. */
const MARKER = '<!-- poolscope -->';
/** GitHub takes 65,536 characters. */
const MOST_CHARACTERS = 60_000;
const TIMEOUT_MS = 30_000;
const PER_PAGE = 100;
const MOST_PAGES = 30;

interface Comment {
  readonly id: number;
  readonly body?: string;
}

/** Where the comments of a pull request are. */
export interface PullRequest {
  readonly api: string;
  readonly repository: string;
  readonly number: number;
  readonly token: string;
}

/** The pull request that the job runs for; null if it runs for none, or has no token. */
export function pullRequestOf(env: NodeJS.ProcessEnv, token: string): PullRequest | null {
  const path = env.GITHUB_EVENT_PATH;
  if (token === '' || !path || !existsSync(path) || !env.GITHUB_REPOSITORY) return null;
  const event: unknown = JSON.parse(readFileSync(path, 'utf8'));
  const { number } = (event as { pull_request?: { number?: unknown } }).pull_request ?? {};
  if (typeof number !== 'number') return null;
  const api = env.GITHUB_API_URL || 'https://api.github.com';
  return { api, repository: env.GITHUB_REPOSITORY, number, token };
}

/** Puts the text into the one comment of Poolscope: writes it, or changes what it wrote before. */
export async function comment(pullRequest: PullRequest, text: string): Promise<void> {
  const { repository, number } = pullRequest;
  const body = `${MARKER}\n${shortened(text)}`;
  const known = await findComment(pullRequest);
  if (known === null)
    await request(pullRequest, 'POST', `/repos/${repository}/issues/${number}/comments`, { body });
  else await request(pullRequest, 'PATCH', `/repos/${repository}/issues/comments/${known.id}`, { body });
}

async function findComment(pullRequest: PullRequest): Promise<Comment | null> {
  const path = `/repos/${pullRequest.repository}/issues/${pullRequest.number}/comments`;
  for (let page = 1; page <= MOST_PAGES; page++) {
    const query = `?per_page=${PER_PAGE}&page=${page}`;
    const comments = (await request(pullRequest, 'GET', path + query)) as readonly Comment[];
    const found = comments.find(({ body }) => body?.startsWith(MARKER));
    if (found !== undefined) return found;
    if (comments.length < PER_PAGE) break;
  }
  return null;
}

async function request(
  { api, token }: PullRequest,
  method: string,
  path: string,
  body?: object,
): Promise<unknown> {
  const response = await fetch(api + path, {
    method,
    headers: {
      accept: 'application/vnd.github+json',
      authorization: `Bearer ${token}`,
      'content-type': 'application/json',
      'user-agent': 'poolscope',
      'x-github-api-version': '2022-11-28',
    },
    signal: AbortSignal.timeout(TIMEOUT_MS),
    ...(body && { body: JSON.stringify(body) }),
  });
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${response.statusText}`);
  return response.json();
}

function shortened(text: string): string {
  if (text.length <= MOST_CHARACTERS) return text;
  const whole = text.slice(0, text.lastIndexOf('\n', MOST_CHARACTERS) + 1);
  return `${whole}\nThe rest is left out: GitHub takes no more. The step's summary has it.`;
}
