import { apiPath, type ApiPath } from '../api/paths.ts';

/** C2SP tlog-tiles, with the prefix /log. */
export const CHECKPOINT = /^\/log\/checkpoint$/;
export const TILE = /^\/log\/tile\/(.+)$/;
export const KEY = /^\/log\/key$/;
export const KEYS = /^\/log\/keys$/;
export const PROOF: ApiPath = apiPath('/api/v1/log/proof');
