import type { Claim } from './claim.ts';
import { GUIDE_002 } from './guide-002.ts';
import { GUIDE_003 } from './guide-003.ts';
import { GUIDE_004 } from './guide-004.ts';
import { GUIDES_000_001 } from './guides-000-001.ts';

/** Every claim of the five guides. */
export const CLAIMS: readonly Claim[] = [...GUIDES_000_001, ...GUIDE_002, ...GUIDE_003, ...GUIDE_004];
