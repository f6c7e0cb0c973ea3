import { version } from '../../package.json';

/** Of Poolscope: links for teaching carry it. */
export const VERSION: string = version;
