import { poolscope } from './poolscope.ts';

await poolscope();
