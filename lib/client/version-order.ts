/** The order of versions, for who lists them. */
export { compareVersions } from '../definition/version-name.ts';
