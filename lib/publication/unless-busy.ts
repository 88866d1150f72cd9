import { StoreError } from '../store/store-error.ts';

/** Another server is at it: then there is nothing to do here. */
export async function unlessBusy<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if (isBusy(error)) return undefined;
    throw error;
  }
}

export function isBusy(error: unknown): boolean {
  return error instanceof StoreError && error.code === 'busy';
}
