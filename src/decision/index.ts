export { decide } from './decide';
export { replay } from './replay';
