import { join } from 'node:path';
import type { Encoding } from '../../store/content-record.ts';
import { FileLayout } from '../../store/files/file-layout.ts';

/**
 * Every path below a folder of backups:
 *
 *     assay-backups.json                 says that backups are here
 *     locks/<number>                     who writes here now, or did last
 *     lock                               the same, of earlier versions
 *     backups/<name>/backup.json         what the backup has, and the digests of its parts
 *     backups/<name>/keys                every key and value but small content
 *     backups/<name>/log.key             the log's private key, if it is wanted
 *     backups/.writing-<uuid>/           a backup on its way to its name
 *     small/<sha256>.pack                small content that no earlier pack has
 *     small/<sha256>.index               the names in that pack
 *     raw/blobs/ab/abcdef…               a blob, by the hex of its SHA-256
 *     zlib/blobs/ab/abcdef…              a blob that the store keeps as a zlib stream
 */
export class BackupLayout {
  readonly root: string;
  readonly marker: string;
  readonly locks: string;
  readonly oldLock: string;
  readonly backups: string;
  readonly small: string;

  constructor(root: string) {
    this.root = root;
    this.marker = join(root, 'assay-backups.json');
    this.locks = join(root, 'locks');
    this.oldLock = join(root, 'lock');
    this.backups = join(root, 'backups');
    this.small = join(root, 'small');
  }

  pack(name: string): string {
    return join(this.small, `${name}.pack`);
  }

  index(name: string): string {
    return join(this.small, `${name}.index`);
  }

  blobs(encoding: Encoding): FileLayout {
    return new FileLayout(join(this.root, encoding ?? 'raw'));
  }

  backup(name: string): BackupFolder {
    return new BackupFolder(join(this.backups, name));
  }
}

export class BackupFolder {
  readonly path: string;
  readonly manifest: string;
  readonly keys: string;
  readonly logKey: string;

  constructor(path: string) {
    this.path = path;
    this.manifest = join(path, 'backup.json');
    this.keys = join(path, 'keys');
    this.logKey = join(path, 'log.key');
  }
}
