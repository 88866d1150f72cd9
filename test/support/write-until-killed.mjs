// Writes to a store and says on standard output what was acknowledged, one line each, until it is killed.
// Arguments: the folder, and a number from which its names go up. Needs `npm run build`.
import { createHash, randomUUID } from 'node:crypto';
import { writeSync } from 'node:fs';
import { FileBlobStore } from '../../dist/lib/store/files/file-blob-store.js';
import { FileLayout } from '../../dist/lib/store/files/file-layout.js';
import { FileUploadStore } from '../../dist/lib/store/files/file-upload-store.js';
import { LmdbKeyedStore } from '../../dist/lib/store/lmdb/lmdb-keyed-store.js';

const [folder, from] = process.argv.slice(2);
const keys = LmdbKeyedStore.open(folder);
const layout = new FileLayout(folder);
const blobs = await FileBlobStore.open(layout);
const uploads = await FileUploadStore.open(layout);

let next = Number(from);

function say(...words) {
  writeSync(1, `${words.join(' ')}\n`);
}

/** Bytes that the reader makes again from their name. */
function bytesOf(name, size) {
  return Buffer.alloc(size, createHash('sha512').update(name).digest());
}

async function* pieces(bytes) {
  for (let at = 0; at < bytes.length; at += 50_000) {
    yield bytes.subarray(at, at + 50_000);
    await new Promise(setImmediate);
  }
}

async function commitPairs() {
  for (;;) {
    const number = next++;
    const value = bytesOf(`value ${number}`, (number * 97) % 3000);
    await keys.commit({
      puts: [
        { key: Buffer.from(`a/${number}`), value },
        { key: Buffer.from(`z/${number}`), value },
      ],
    });
    say('pair', number);
  }
}

async function writeBlobs() {
  for (;;) {
    const number = next++;
    // Every third is one of a few that are written again and again over themselves.
    const name = number % 3 === 0 ? `again ${number % 4}` : `blob ${number}`;
    const bytes = bytesOf(name, 70_000 + (createHash('sha1').update(name).digest().readUInt32LE() % 1_500_000));
    const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
    await blobs.write(digest, pieces(bytes));
    say('blob', digest, bytes.length);
  }
}

async function stageUploads() {
  for (;;) {
    const id = randomUUID();
    const bytes = bytesOf(id, 900_000);
    for (let at = 0; at < bytes.length; at += 300_000) {
      const size = await uploads.append(id, at, pieces(bytes.subarray(at, at + 300_000)));
      say('staged', id, size);
    }
    const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
    say('publishing', id);
    await uploads.publish(id, digest);
    say('blob', digest, bytes.length);
  }
}

say('ready', 0);
await Promise.all([commitPairs(), commitPairs(), commitPairs(), writeBlobs(), writeBlobs(), stageUploads()]);
