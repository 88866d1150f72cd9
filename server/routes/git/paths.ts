/** Paths of Git's smart HTTP, gitprotocol-http(5). What stands before `.git` is a family, slashes and all. */
export const INFO_REFS = /^\/git\/(.+)\.git\/info\/refs$/;
export const UPLOAD_PACK = /^\/git\/(.+)\.git\/git-upload-pack$/;
export const RECEIVE_PACK = /^\/git\/(.+)\.git\/git-receive-pack$/;
