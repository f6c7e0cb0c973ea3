import { poolscope } from './poolscope.ts';

// SIGINT keeps its default unless threads simulate: a handler would wait for the end. Shells make 130 of it.
await poolscope();
