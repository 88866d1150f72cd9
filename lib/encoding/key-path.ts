const BARE = /^[A-Za-z0-9_-]+$/;

/** The place of a value for a message: `variants[2].prompt`; what is no plain name stands in quotes. */
export function keyPath(steps: readonly (string | number)[]): string {
  let path = '';
  for (const step of steps) {
    if (typeof step === 'number') path += `[${step}]`;
    else path += `${path === '' ? '' : '.'}${BARE.test(step) ? step : JSON.stringify(step)}`;
  }
  return path;
}
