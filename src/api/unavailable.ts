export { isUnavailable } from '../storage';
