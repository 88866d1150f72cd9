import { openArchive } from './archive-file.ts';
import { DockerArchive } from './docker-archive.ts';
import type { FileSet } from './file-set.ts';
import { FolderFiles } from './folder-files.ts';
import { ImageError, plain } from './image-error.ts';
import type { ImageSource } from './image-source.ts';
import { OciLayout } from './oci-layout.ts';
import { isFolder } from './read-file.ts';
import { RegistryImage } from './registry-image.ts';
import { readSourceName, type Form } from './source-name.ts';

/** The image that a text names, wherever it is. Whoever opens it closes it. */
export async function openSource(text: string, signal?: AbortSignal): Promise<ImageSource> {
  const name = await readSourceName(text);
  if (name.kind === 'registry') return new RegistryImage(name.reference, signal);
  const label = plain(name.path, 1000);
  const files = await openFiles(name.path, name.form, label, signal);
  try {
    if (await OciLayout.isIn(files)) return new OciLayout(files, label, name.chosen);
    if (name.form !== 'layout' && (await DockerArchive.isIn(files))) {
      return new DockerArchive(files, label, name.chosen);
    }
    throw new ImageError('not-an-image', `${label} is ${WANTED[name.form]}`);
  } catch (error) {
    await files.close();
    throw error;
  }
}

const WANTED: Readonly<Record<Form, string>> = {
  layout: 'no OCI layout: a folder or tar with the files oci-layout and index.json at its top',
  archive: 'no Docker archive: a tar with a manifest.json at its top, as docker save writes it',
  any: 'no image: neither an OCI layout (oci-layout and index.json at its top) nor a Docker archive (manifest.json)',
};

async function openFiles(path: string, form: Form, label: string, signal?: AbortSignal): Promise<FileSet> {
  if (!(await isFolder(path, label))) return openArchive(path, label, signal);
  if (form === 'archive') throw new ImageError('not-an-image', `${label} is a folder; a Docker archive is a tar`);
  return new FolderFiles(path);
}
